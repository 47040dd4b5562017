"""Adapters: the database, the broker, QR codes."""
