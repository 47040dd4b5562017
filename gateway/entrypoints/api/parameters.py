"""Parameters of paths: a name means the same in every route, and says its form."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from gateway.application.configure.checks import TURNS

UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
SLUG = r"[a-z0-9-]{1,32}"
OPERATOR = r"[A-Z]{2}\*[A-Z0-9]{3}"
_ENDS = rf"/\u0000-\u001f\u007f-\u009f\u2028\u2029{TURNS}"
NUMBER = rf"[^. {_ENDS}][^{_ENDS}]{{0,127}}"
TOKEN = r"[a-z2-7]{12}"  # noqa: S105 - the form of an id
_TEMPLATE = re.compile(r"\{([a-z_]+)\}")


@dataclass(frozen=True, slots=True)
class Parameter:
    """What stands between two slashes of a path."""

    form: str
    """A regular expression that the whole value matches; it means the same in Python, Rust and ECMAScript."""
    description: str
    example: str

    @property
    def pattern(self) -> str:
        """The form with its anchors, as JSON Schema wants it."""
        return f"^{self.form}$"

    @property
    def schema(self) -> dict[str, Any]:
        """Its JSON Schema."""
        return {"type": "string", "pattern": self.pattern}

    def fits(self, value: str) -> bool:
        """Whether the value has the form."""
        return re.fullmatch(self.form, value) is not None


PARAMETERS: Mapping[str, Parameter] = MappingProxyType(
    {
        "operator": Parameter(OPERATOR, "An operator: country, `*`, party.", "FR*ATL"),
        "issuer": Parameter(OPERATOR, "The operator that signed the pass.", "FR*LPO"),
        "host": Parameter(OPERATOR, "The operator at whose venue the visit was.", "FR*ATL"),
        "home": Parameter(OPERATOR, "The operator whose member visited.", "FR*LPO"),
        "venue": Parameter(SLUG, "A venue's slug, unique in the federation.", "montreuil"),
        "door": Parameter(SLUG, "A door's slug, unique in its venue.", "front"),
        "zone": Parameter(SLUG, "A zone's slug, unique in its venue.", "desks"),
        "plan": Parameter(SLUG, "A plan's slug, unique in its operator.", "nomad"),
        "external_id": Parameter(
            NUMBER,
            "The operator's own number for a member, percent-encoded: no `/` and no control character, no dot or "
            "space at its beginning. No name, please.",
            "member 1",
        ),
        "holder": Parameter(UUID, "A holder: a random UUID.", "6f0c1f7e-3f52-4ad7-9c3f-0a5a5d4f8f11"),
        "pass": Parameter(r"[A-Za-z0-9-]{1,64}", "A pass's id, unique in its issuer.", "9f86d081884c7d65"),
        "visit": Parameter(
            UUID, "A visit: a UUID, that of the scan it began with.", "01990b6e-5c1a-7d40-8a11-0c5f3e9b7a21"
        ),
        "number": Parameter(r"[1-9][0-9]{0,14}", "A charge record's number, counted by its host from 1.", "1"),
        "statement": Parameter(r"[1-9][0-9]{0,14}", "A statement's number, counted by this gateway.", "1"),
        "token": Parameter(TOKEN, "A token's id: the part of `pwt_<id>_<secret>` that is no secret.", "k3m5q7a2c4e6"),
        "webhook": Parameter(r"[A-Za-z0-9_-]{1,64}", "A webhook's id.", "wh_k3m5q7a2c4e6"),
        "delivery": Parameter(r"[A-Za-z0-9_.:-]{1,64}", "A delivery's event id.", "msg_42"),
    }
)
"""By name. Dispatch refuses what has not the form; the OpenAPI document shows it."""


def names(path: str) -> tuple[str, ...]:
    """The parameters of a path's template, in their order."""
    return tuple(_TEMPLATE.findall(path))
