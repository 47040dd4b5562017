"""Bounds of the MQTT contract (docs of the wire)."""

MAX_PAYLOAD = 8 * 1024
"""Bytes of one MQTT payload."""
MAX_READ = 4096
"""Characters a reader may have read."""
SCANS_WAITING = 32
"""Scans of one door that may wait at once; what comes on top is dropped. The admission desk holds it."""
