"""`passerelle doctor`: one thing is broken at a time, and that check names it, with a remedy."""

import fcntl
import os
import socket
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from gateway.adapters.db.connect import FILE
from gateway.commands.checks import CHECKS
from gateway.commands.checks.finding import Level
from tests.commands.installation import Installation

Break = Callable[[Installation, pytest.MonkeyPatch], None]


def statement(text: str) -> Break:
    """Change the books behind the gateway's back."""

    def broken(installation: Installation, _patch: pytest.MonkeyPatch) -> None:
        with closing(sqlite3.connect(installation.data / FILE)) as books, books:
            books.execute(text)

    return broken


def overwritten(name: str, data: bytes) -> Break:
    def broken(installation: Installation, _patch: pytest.MonkeyPatch) -> None:
        (installation.data / name).write_bytes(data)

    return broken


def variable(name: str, value: str) -> Break:
    def broken(_installation: Installation, patch: pytest.MonkeyPatch) -> None:
        patch.setenv(name, value)

    return broken


def opened_to_all(installation: Installation, _patch: pytest.MonkeyPatch) -> None:
    (installation.data / "keys" / "passphrase").chmod(0o644)


def directory_opened_to_all(installation: Installation, _patch: pytest.MonkeyPatch) -> None:
    installation.data.chmod(0o755)


def without_keys(installation: Installation, _patch: pytest.MonkeyPatch) -> None:
    for path in (installation.data / "keys").glob("rings.json"):
        path.unlink()


def without_a_private_key(installation: Installation, _patch: pytest.MonkeyPatch) -> None:
    for path in (installation.data / "keys").glob("*.gateway.*.pem"):
        path.write_bytes(b"")


def without_books(installation: Installation, _patch: pytest.MonkeyPatch) -> None:
    (installation.data / FILE).unlink()


def a_day_ahead(installation: Installation, _patch: pytest.MonkeyPatch) -> None:
    statement("UPDATE events SET at_us = at_us + 86400000000 WHERE seq = (SELECT max(seq) FROM events)")(
        installation, _patch
    )


CASES: dict[str, tuple[Break, str, Level, str, set[str]]] = {
    "a setting nobody has": (
        variable("PASSERELLE_HTTP_PROT", "1"),
        "settings",
        Level.FAULT,
        "PASSERELLE_HTTP_PROT is no setting",
        set(),
    ),
    "a port that is none": (
        variable("PASSERELLE_HTTP_PORT", "99999"),
        "settings",
        Level.FAULT,
        "PASSERELLE_HTTP_PORT",
        set(),
    ),
    "an address of another machine": (
        variable("PASSERELLE_HTTP_HOST", "203.0.113.7"),
        "gateway",
        Level.FAULT,
        "has no address '203.0.113.7'",
        set(),
    ),
    "a broker that is not there": (
        variable("PASSERELLE_BROKER", "mqtt://127.0.0.1:9"),
        "broker",
        Level.FAULT,
        "mqtt://127.0.0.1:9",
        set(),
    ),
    "no database": (without_books, "data", Level.FAULT, "holds no database", set()),
    "a database that is none": (
        overwritten(FILE, b"not a database at all" * 1000),
        "database",
        Level.FAULT,
        "file is not a database",
        {"schema", "chain", "clock", "keys", "status lists", "doors", "alarms", "webhooks"},
    ),
    "books of a later release": (
        statement("UPDATE alembic_version SET version_num = '9999'"),
        "schema",
        Level.FAULT,
        "schema 9999",
        {"chain"},
    ),
    "an event rewritten": (
        statement("UPDATE events SET content = replace(content, 'FR', 'DE') WHERE seq = 1"),
        "chain",
        Level.FAULT,
        "the books were changed",
        set(),
    ),
    "a clock behind the books": (a_day_ahead, "clock", Level.FAULT, "behind the last entry", {"chain"}),
    "the wrong passphrase": (
        variable("PASSERELLE_KEY_PASSPHRASE", "sesame"),
        "keys",
        Level.FAULT,
        "keys cannot be used",
        {"trust list"},
    ),
    "no rings": (without_keys, "keys", Level.FAULT, "holds no keys", set()),
    "a key emptied": (without_a_private_key, "keys", Level.FAULT, "keys cannot be used", {"trust list"}),
    "a passphrase that all may read": (
        opened_to_all,
        "private files",
        Level.WARNING,
        "keys/passphrase",
        {"keys", "trust list"},
    ),
    "a directory that all may enter": (directory_opened_to_all, "data", Level.WARNING, "open to other accounts", set()),
    "a door without a key": (
        statement("UPDATE doors SET event_key = NULL"),
        "doors",
        Level.WARNING,
        "without an event key",
        set(),
    ),
}


def found(installation: Installation) -> dict[str, dict[str, str]]:
    """Every check's row, by its name."""
    return {row["check"]: row for row in installation.json("doctor")["checks"]}


def test_a_whole_installation_has_no_fault(installation: Installation) -> None:
    report = installation.json("doctor")
    assert report["ok"]
    assert {row["check"] for row in report["checks"]} == CHECKS.keys()
    assert [row for row in report["checks"] if row["level"] == Level.FAULT] == []
    shown = installation("doctor")
    assert shown.exit_code == 0
    assert "17 checks: no faults" in shown.stdout


@pytest.mark.parametrize(("broken", "check", "level", "said", "follow"), CASES.values(), ids=list(CASES))
def test_what_is_broken_is_named_with_its_remedy(
    installation: Installation,
    monkeypatch: pytest.MonkeyPatch,
    broken: Break,
    check: str,
    level: Level,
    said: str,
    follow: set[str],
) -> None:
    before = {name for name, row in found(installation).items() if row["level"] != Level.OK}
    broken(installation, monkeypatch)
    rows = found(installation)
    assert (rows[check]["level"], said in rows[check]["said"]) == (level, True), rows[check]
    assert rows[check]["remedy"]
    ailing = {name for name, row in rows.items() if row["level"] != Level.OK} - before
    assert ailing <= {check} | follow, rows
    faults = any(row["level"] == Level.FAULT for row in rows.values())
    assert installation("doctor").exit_code == int(faults)


def test_a_gateway_that_hangs_is_told_from_one_that_does_not_run(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        monkeypatch.setenv("PASSERELLE_HTTP_PORT", str(listening.getsockname()[1]))
        listening.listen()
        assert "taken by another program" in found(installation)["gateway"]["said"]
    held = os.open(installation.data / "gateway.lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(held, fcntl.LOCK_EX)
    try:
        assert "a gateway runs on these books, and does not answer" in found(installation)["gateway"]["said"]
    finally:
        os.close(held)


def test_it_writes_nothing(installation: Installation) -> None:
    def state() -> dict[Path, tuple[int, int]]:
        return {p: (p.stat().st_mtime_ns, p.stat().st_size) for p in installation.data.rglob("*") if p.is_file()}

    before = state()
    installation("doctor")
    ours = {path: at for path, at in state().items() if not path.name.endswith(("-wal", "-shm"))}
    assert ours == {path: at for path, at in before.items() if not path.name.endswith(("-wal", "-shm"))}
