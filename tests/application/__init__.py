"""Use cases on a running gateway: races, faults, configuration, what the books keep."""
