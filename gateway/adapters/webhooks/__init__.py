"""The way out to partners: signed requests to addresses that were checked."""
