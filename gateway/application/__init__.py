"""Use cases of the gateway, one a file, named by a verb; `ports` is what they ask of the world."""
