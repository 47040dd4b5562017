"""What operators, doors and people meet over HTTP, and what doors say over MQTT."""
