"""Which media type a caller wants (RFC 9110, 12.5.1), of those that a route has."""

from collections.abc import Sequence

from aiohttp import web

from gateway.entrypoints.api.route import Route

CSV = "text/csv"
PROBLEM = "application/problem+json"


def chosen(accept: Sequence[str], route: Route) -> str:
    """The route's media type that the Accept headers like best, its own among equals; 406 when they want none."""
    offered = (route.media_type, CSV) if route.csv else (route.media_type,)
    ranges = [_range(part) for part in ",".join(accept).split(",") if part.strip()]
    if not ranges:
        return route.media_type
    weight, best = max(((_weight(kind, ranges), -place) for place, kind in enumerate(offered)))
    if weight <= 0:
        raise web.HTTPNotAcceptable(reason=f"This is answered as {' or '.join(offered)}")
    return offered[-best]


def _range(part: str) -> tuple[str, float]:
    kind, *parameters = (piece.strip().lower() for piece in part.split(";"))
    weight = next((each[2:] for each in parameters if each.startswith("q=")), "1")
    try:
        return kind, float(weight)
    except ValueError:
        return kind, 0.0


def _weight(kind: str, ranges: Sequence[tuple[str, float]]) -> float:
    """Of the most specific range that covers the kind; 0 when none does."""
    covers = (kind, f"{kind.partition('/')[0]}/*", "*/*")
    for wanted in covers:
        weights = [weight for each, weight in ranges if each == wanted]
        if weights:
            return max(weights)
    return 0.0
