"""The gateway: issues passes, decides at doors, keeps visits and bills them."""

__version__ = "0.1.0"
