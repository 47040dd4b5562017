"""Doors without a leaf: bare MQTT clients that speak the wire, for load and for mischief."""
