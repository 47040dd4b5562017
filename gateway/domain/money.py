"""Whole minor units and their rounding (H2)."""
