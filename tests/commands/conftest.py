"""Fixtures of the commands' tests."""

from tests.commands.installation import installation, installed

__all__ = ["installation", "installed"]
