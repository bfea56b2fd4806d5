"""What is arXiv's own: how it is asked, how it answers, and when it announces what."""
