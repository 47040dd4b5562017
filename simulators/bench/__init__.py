"""Benches: each measures the gateway and its bare references in one run."""
