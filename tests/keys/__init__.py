"""Tests of `keys`: tables of named attacks, round trips, and the life of keys."""
