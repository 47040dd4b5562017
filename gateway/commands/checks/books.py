"""The books: the database file, its schema, its chain, and the room that status lists have left."""

import sqlite3

from gateway.adapters.db.audit import audit
from gateway.adapters.db.migrate import HEAD, revision
from gateway.application.errors import PasserelleError
from gateway.application.issue_pass import STATUS_LIST_SIZE
from gateway.commands.checks.finding import Finding, Patient, fault, fine, warning

WALKED = 200_000
"""Events that are verified here, in about a second; more take `passerelle audit verify`."""
CROWDED = 0.9
RESTORE = "Stop the gateway, keep a copy of the file, and restore the last good backup of the data directory."


def database(patient: Patient) -> Finding | None:
    """Whether SQLite finds the file whole."""
    if not patient.has_books:
        return None
    try:
        with patient.books() as books:
            (said,) = books.execute("PRAGMA quick_check(1)").fetchone()
            (tables,) = books.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.Error as error:
        return fault(f"the database cannot be read: {error}", RESTORE)
    if not tables:
        return fault("the database is empty: a file without books in it", RESTORE)
    return fine("whole") if said == "ok" else fault(f"the database is damaged: {said}", RESTORE)


def schema(patient: Patient) -> Finding | None:
    """Whether the books are in this release's form."""
    if not patient.has_books:
        return None
    with patient.books() as books:
        stands_at = revision(books)
    if stands_at == HEAD:
        return fine(f"at {HEAD}, this release's")
    if stands_at is None or stands_at > HEAD:
        return fault(
            f"schema {stands_at or 'unknown'}, and this release knows {HEAD}",
            "Install the release that wrote these books, or a newer one: pip install -U passerelle",
        )
    return fault(f"schema {stands_at}, and this release needs {HEAD}", f"passerelle migrate --data {patient.quoted}")


def chain_holds(patient: Patient) -> Finding | None:
    """Whether nobody changed the books behind the gateway's back."""
    if not patient.has_books:
        return None
    with patient.books() as books:
        head = books.execute("SELECT seq FROM chain_head").fetchone()
    command = f"passerelle audit verify --data {patient.quoted}"
    if head is None:
        return fault("the books were changed: the chain's head is missing", RESTORE)
    (events,) = head
    if events > WALKED:
        return fine(f"{events} events, too many to verify here: {command}")
    try:
        found = audit(patient.data)
    except PasserelleError as error:
        return fault(f"the chain cannot be verified: {error}", command)
    if found.holds:
        return fine(f"{events} events and {found.charge_records} charge records hold")
    why = found.chain.fault.why if found.chain.fault else found.charge_fault
    return fault(f"the books were changed: {why}", f"{command} names the row. {RESTORE}")


def free_indices(patient: Patient) -> Finding | None:
    """Whether every operator can still issue passes."""
    if not patient.has_books:
        return None
    counted = "SELECT issuer, count(*) FROM passes WHERE expires_s > ? GROUP BY issuer ORDER BY 2 DESC LIMIT 1"
    with patient.books() as books:
        issuer, used = books.execute(counted, (patient.now_s,)).fetchone() or ("", 0)
    said = f"at most {used} of {STATUS_LIST_SIZE} places used"
    if used < CROWDED * STATUS_LIST_SIZE:
        return fine(said)
    return warning(f"{said}, by {issuer}", f"Let passes of {issuer} end sooner: each holds a place until it expires.")
