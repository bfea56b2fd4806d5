"""Papers and replies written for the demonstration: none of these papers exists."""
