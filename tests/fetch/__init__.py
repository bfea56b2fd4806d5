"""Tests of the fetch stage."""
