"""What outlives a run: the cache and the memory, file by file."""
