"""Tests of the adapters, against the real thing."""
