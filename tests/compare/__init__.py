"""Tests of what compares and judges prompts."""
