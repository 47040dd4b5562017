"""`passerelle audit`: check that the books were not changed behind the gateway's back."""

import json
from pathlib import Path

import click

from gateway.adapters.db.audit import Audit
from gateway.adapters.db.audit import audit as audit_books
from gateway.commands.books import data_option, json_option, told


@click.group("audit")
def audit() -> None:
    """Check the chain over everything that was recorded."""


@audit.command()
@data_option
@json_option
@told
def verify(data: Path, as_json: bool) -> None:
    """Verify every event and charge record; name the first that does not hold, and exit with 1.

    Reads only: run it beside a gateway, or on a copy.

    \b
    Example:
      passerelle audit verify --data passerelle-data
    """
    found = audit_books(data)
    click.echo(json.dumps(_figures(found)) if as_json else _words(found))
    if not found.holds:
        raise SystemExit(1)


def _figures(found: Audit) -> dict[str, object]:
    fault = found.chain.fault
    return {
        "ok": found.holds,
        "events": found.chain.rows,
        "purged": found.chain.purged,
        "fault": fault and {"seq": fault.seq, "why": fault.why},
        "charge_records": found.charge_records,
        "charge_fault": found.charge_fault,
    }


def _words(found: Audit) -> str:
    chain, fault = found.chain, found.chain.fault
    purged = f", {chain.purged} of them purged by policy" if chain.purged else ""
    lines = [f"Events: {chain.rows} hold{purged}.", f"Charge records: {found.charge_records} hold."]
    if fault is not None:
        lines[0] = f"Event {fault.seq} does not hold: {fault.why}. The {chain.rows} before it do{purged}."
    if found.charge_fault is not None:
        lines[1] = f"Charge records do not hold: {found.charge_fault}."
    return "\n".join(lines)
