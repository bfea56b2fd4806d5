"""What compares prompts and models on the same papers, and judges their texts without saying whose they are."""

from pipeline.compare.cells import cells
from pipeline.compare.comparison import Cell, Column, Comparison, Row, read_comparison
from pipeline.compare.page import judging_page, page
from pipeline.compare.table import Line, table

__all__ = [
    "Cell",
    "Column",
    "Comparison",
    "Line",
    "Row",
    "cells",
    "judging_page",
    "page",
    "read_comparison",
    "table",
]
