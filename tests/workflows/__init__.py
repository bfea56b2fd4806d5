"""The workflows: their steps executed, and what they write held against what GitHub reads."""
