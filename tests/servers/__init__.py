"""Loopback servers that the tests and benchmarks talk to."""
