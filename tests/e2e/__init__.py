"""The whole way over a real broker: scan, decision, outcome, visit, charge, statement."""
