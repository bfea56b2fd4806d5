"""The wire to a language model: the only user of ``openai``."""
