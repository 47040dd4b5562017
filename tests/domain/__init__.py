"""Tests of the pure values and rules, as tables of named cases and as properties."""
