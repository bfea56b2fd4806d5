"""Tests of the commands as their users run them: processes of their own, in folders of their own."""
