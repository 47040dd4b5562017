"""Tests of the door agent."""
