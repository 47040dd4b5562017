"""The demo: three operators, their venues and doors, and yesterday's traffic played on real sockets."""
