"""What crosses a network: topics, messages, passes read at the edge; README.md tells it to strangers."""
