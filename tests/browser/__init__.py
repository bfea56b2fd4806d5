"""The page in a browser, used as a reader uses it; see CONTRIBUTING.md for what these tests need."""
