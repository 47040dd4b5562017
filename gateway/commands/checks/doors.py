"""Doors and partners: who was never heard, what was reported, what could not be delivered."""

from gateway.commands.checks.finding import Finding, Patient, fine, warning

RECENT_S = 7 * 24 * 3600
NAMED = 3


def doors_known(patient: Patient) -> Finding | None:
    """Whether every door has a key to sign its journal with, and was heard."""
    if not patient.has_books:
        return None
    with patient.books() as books:
        rows = books.execute("SELECT venue || '/' || id, event_key IS NULL, journal_n FROM doors ORDER BY 1").fetchall()
    keyless = [door for door, lacks, _ in rows if lacks]
    if keyless:
        return warning(
            f"without an event key, so that nothing they do counts: {_some(keyless)}",
            "Run 'passerelle door key' at the door, and register what it prints: PUT /v1/doors/VENUE/DOOR/event-key.",
        )
    silent = [door for door, _, journal_n in rows if journal_n == 0]
    if silent:
        return warning(
            f"never reported anything: {_some(silent)}",
            "Run the door ('passerelle door run --config …') and show it a pass.",
        )
    return fine(f"{len(rows)} doors, all heard")


def alarms(patient: Patient) -> Finding | None:
    """Whether a door was forced, held open or tampered with lately."""
    if not patient.has_books:
        return None
    since_us = (patient.now_s - RECENT_S) * 1_000_000
    asked = (
        "SELECT door, kind, count(*) FROM reports WHERE at_us > ? AND kind IN ('forced', 'held_open', 'tamper') "
        "GROUP BY door, kind ORDER BY 3 DESC"
    )
    with patient.books() as books:
        rows = books.execute(asked, (since_us,)).fetchall()
    if not rows:
        return fine("none in seven days")
    return warning(
        f"in seven days: {_some([f'{door} {kind} ×{count}' for door, kind, count in rows])}",
        "Look at these doors; the audit chain has the instants.",
    )


def undelivered(patient: Patient) -> Finding | None:
    """Whether webhooks gave up on something."""
    if not patient.has_books:
        return None
    asked = (
        "SELECT w.id, w.url, count(*) FROM deliveries d JOIN webhooks w ON w.id = d.webhook "
        "WHERE d.state = 'dead' GROUP BY w.id ORDER BY 3 DESC"
    )
    with patient.books() as books:
        (hooks,) = books.execute("SELECT count(*) FROM webhooks").fetchone()
        rows = books.execute(asked).fetchall()
    if not rows:
        return fine(f"{hooks} registered, nothing given up on")
    return warning(
        f"given up on: {_some([f'{count} of {hook}' for hook, _, count in rows])}",
        f"Mend the receiver, then send them again: passerelle webhooks replay {rows[0][0]}",
    )


def _some(names: list[str]) -> str:
    rest = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + rest
