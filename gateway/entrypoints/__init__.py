"""Ways in: what doors say over MQTT, HTTP for operators and doors, pages for people."""
