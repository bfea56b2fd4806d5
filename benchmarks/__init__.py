"""How close a run comes to the limit that its endpoint sets; every figure is a ratio within one run."""
