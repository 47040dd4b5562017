"""Simulated members: they hold their own keys and passes, as a phone would."""
