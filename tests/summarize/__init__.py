"""From a paper to its summary, or to the failure that says why not."""
