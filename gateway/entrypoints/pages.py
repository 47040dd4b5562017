"""Pages for people: the overview of what this gateway does right now."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Protocol

from aiohttp import web
from jinja2 import Environment, PackageLoader, select_autoescape

CSP = (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
STATIC = Path(str(files("gateway") / "web" / "static"))


@dataclass(frozen=True, slots=True)
class VenueRow:
    """One venue as the overview shows it."""

    name: str
    operator: str
    doors: int
    inside: int
    capacity: int | None
    mode: str


@dataclass(frozen=True, slots=True)
class DecisionRow:
    """One decision as the overview shows it: no pass, no holder."""

    at: str
    """The venue's wall time, `HH:MM:SS`."""
    door: str
    granted: bool
    words_en: str
    words_fr: str


@dataclass(frozen=True, slots=True)
class Totals:
    """What happened since this process started."""

    granted: int
    denied: int
    doors_online: int


class Overview(Protocol):
    """What the overview asks of the gateway."""

    async def venue_rows(self) -> Sequence[VenueRow]:
        """Every venue."""

    async def decision_rows(self) -> Sequence[DecisionRow]:
        """The last decisions, newest first."""

    def totals(self) -> Totals:
        """Counts of this process."""


def prefers_french(accept: str) -> bool:
    """Whether an Accept-Language asks for French rather than for English (RFC 9110, 12.5.4)."""
    wanted = {"fr": 0.0, "en": 0.0}
    for place, each in enumerate(accept.lower().split(",")):
        tag, _, weight = each.strip().partition(";q=")
        language = tag[:2]
        if language in wanted and weight.replace(".", "", 1).isdecimal() | (not weight):
            # of equals the first is meant
            wanted[language] = max(wanted[language], float(weight or 1) - place / 1000)
    return wanted["fr"] > wanted["en"]


class Pages:
    """Server-rendered pages; every value is escaped, no script runs."""

    def __init__(self, overview: Overview) -> None:
        self._overview = overview
        loader = PackageLoader("gateway", "web/templates")
        self._templates = Environment(loader=loader, autoescape=select_autoescape(default=True), trim_blocks=True)

    async def overview(self, request: web.Request) -> web.Response:
        """`GET /`: venues, who is inside by number, the last decisions; French when the reader prefers it."""
        french = prefers_french(request.headers.get("Accept-Language", ""))
        text = self._templates.get_template("overview.html").render(
            fr=french,
            venues=await self._overview.venue_rows(),
            decisions=await self._overview.decision_rows(),
            totals=self._overview.totals(),
        )
        headers = {"Content-Security-Policy": CSP, "X-Content-Type-Options": "nosniff", "Refresh": "3"}
        return web.Response(text=text, content_type="text/html", charset="utf-8", headers=headers)

    async def style(self, _request: web.Request) -> web.FileResponse:
        """`GET /static/passerelle.css`."""
        return web.FileResponse(STATIC / "passerelle.css", headers={"Cache-Control": "max-age=60"})

    async def icon(self, _request: web.Request) -> web.FileResponse:
        """`GET /static/passerelle.svg`, without which every browser asks for one in vain."""
        headers = {"Cache-Control": "max-age=86400", "Content-Type": "image/svg+xml"}
        return web.FileResponse(STATIC / "passerelle.svg", headers=headers)
