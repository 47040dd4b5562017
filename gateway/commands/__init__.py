"""The gateway's subcommands; each body is loaded only when it runs."""
