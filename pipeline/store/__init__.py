"""What outlives a run: SQLite files, each with small modules for what is in it."""
