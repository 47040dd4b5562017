"""Passes, holder proofs, rings of keys, trust list and status lists; code only, never a key."""
