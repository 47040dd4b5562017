"""Programs that play the world around the gateway: the demo's day, the benches, the drills."""
