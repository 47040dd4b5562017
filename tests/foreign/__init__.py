"""Programs of strangers, in another language, that know the published documents alone."""
