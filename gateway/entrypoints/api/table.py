"""The route table: every operation of the REST interface. A resource is added by a line in each of the two lists."""

from typing import Protocol

from gateway.entrypoints.api import (
    audit,
    bans,
    charge_records,
    doors,
    endpoint,
    holders,
    lists,
    members,
    operators,
    passes,
    plans,
    statements,
    tokens,
    venues,
    visits,
    webhooks,
)
from gateway.entrypoints.api.route import Route


class ApiDesk(
    endpoint.Desk,
    lists.Desk,
    tokens.Desk,
    operators.Desk,
    venues.Desk,
    doors.Desk,
    plans.Desk,
    members.Desk,
    holders.Desk,
    bans.Desk,
    passes.Desk,
    visits.Desk,
    charge_records.Desk,
    statements.Desk,
    webhooks.Desk,
    audit.Desk,
    Protocol,
):
    """What all resources together ask of the gateway."""


def routes(desk: ApiDesk) -> tuple[Route, ...]:
    """Every operation."""
    return (
        *lists.Lists(desk).routes(),
        *tokens.Tokens(desk).routes(),
        *operators.Operators(desk).routes(),
        *venues.Venues(desk).routes(),
        *doors.Doors(desk).routes(),
        *plans.Plans(desk).routes(),
        *members.Members(desk).routes(),
        *holders.Holders(desk).routes(),
        *bans.Bans(desk).routes(),
        *passes.Passes(desk).routes(),
        *visits.Visits(desk, desk.courtesy).routes(),
        *charge_records.ChargeRecords(desk, desk.courtesy).routes(),
        *statements.Statements(desk, desk.courtesy).routes(),
        *webhooks.Webhooks(desk).routes(),
        *audit.Audit(desk, desk.courtesy).routes(),
    )
