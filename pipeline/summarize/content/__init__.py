"""What no translation of an abstract holds, and whether a text can be the translation of its original."""
