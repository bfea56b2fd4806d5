"""Turn a day of arXiv abstracts into one page for a Chinese-reading engineer."""

__version__ = "0.2.0"
