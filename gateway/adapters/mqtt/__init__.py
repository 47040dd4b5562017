"""The broker and the gateway's way to it: embedded (amqtt) or Mosquitto; one client (gmqtt)."""
