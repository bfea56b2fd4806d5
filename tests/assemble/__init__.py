"""Tests of the assemble stage."""
