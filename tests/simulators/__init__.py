"""Tests of the demo, the benches and the drills."""
