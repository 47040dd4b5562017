"""The only wiring: `build` makes a `Gateway` from settings, a clock and randomness; its methods are the use cases."""

from gateway.compose.clock import Clock, run_loop, system_clock, system_entropy
from gateway.compose.gateway import Gateway
from gateway.compose.opening import build
from gateway.compose.tokens import API_TOKEN_FILE

__all__ = ["API_TOKEN_FILE", "Clock", "Gateway", "build", "run_loop", "system_clock", "system_entropy"]
