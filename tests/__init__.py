"""Tests, and the loopback servers that they talk to."""
