"""The door agent: reads passes, asks the gateway, works the lock, and keeps what it did until it is taken."""
