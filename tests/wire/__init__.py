"""Tests of what crosses a network."""
