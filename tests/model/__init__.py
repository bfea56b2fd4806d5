"""Tests of the wire to a language model."""
