"""`passerelle doctor`: one thing is broken at a time, and that check names it, with a remedy."""

import asyncio
import fcntl
import json
import os
import re
import socket
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from functools import partial
from pathlib import Path

import pytest

from gateway.adapters.db.connect import FILE
from gateway.commands.checks import CHECKS
from gateway.commands.checks.finding import Level
from gateway.compose import system_clock
from tests.commands.installation import Installation, opened

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


def without_roots(installation: Installation, _patch: pytest.MonkeyPatch) -> None:
    for path in (installation.data / "keys").glob("root.*.pem"):
        path.unlink()


def with_a_broker_nobody_is_told_of(installation: Installation, _patch: pytest.MonkeyPatch) -> None:
    (installation.data / "broker.env").write_text("PASSERELLE_BROKER=mqtt://127.0.0.1:1883\n")


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
    "a database emptied": (
        overwritten(FILE, b""),
        "database",
        Level.FAULT,
        "the database is empty",
        {"schema", "chain", "clock", "status lists", "doors", "alarms", "webhooks"},
    ),
    "a chain without its head": (
        statement("DELETE FROM chain_head"),
        "chain",
        Level.FAULT,
        "the chain's head is missing",
        set(),
    ),
    "no root to sign the next list": (
        without_roots,
        "trust list",
        Level.FAULT,
        "no next one can be signed",
        set(),
    ),
    "a broker set up and not named": (
        with_a_broker_nobody_is_told_of,
        "broker",
        Level.WARNING,
        "broker.env names a broker of your own",
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


@contextmanager
def listener(answer: Callable[[socket.socket], None]) -> Iterator[int]:
    """A port where something takes every connection and does that."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def take() -> None:
            with suppress(OSError):
                while True:
                    answer(server.accept()[0])

        threading.Thread(target=take, daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)


def says_http(taken: socket.socket) -> None:
    taken.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    taken.close()


HELD: list[socket.socket] = []
BROKERS: dict[str, tuple[Callable[[socket.socket], None], str]] = {
    "silent": (HELD.append, "dynamic-security"),
    "silent, accounts by hand": (HELD.append, "none"),
    "no broker at all": (says_http, "dynamic-security"),
    "no broker at all, accounts by hand": (says_http, "none"),
}


@pytest.mark.parametrize(("answer", "accounts"), BROKERS.values(), ids=list(BROKERS))
def test_a_broker_that_is_none_is_a_fault_in_a_line(
    installation: Installation,
    monkeypatch: pytest.MonkeyPatch,
    answer: Callable[[socket.socket], None],
    accounts: str,
) -> None:
    monkeypatch.setattr("gateway.commands.checks.network.PATIENCE_S", 0.5)
    with listener(answer) as port:
        monkeypatch.setenv("PASSERELLE_BROKER", f"mqtt://127.0.0.1:{port}")
        monkeypatch.setenv("PASSERELLE_BROKER_ACCOUNTS", accounts)
        told = installation("doctor")
    assert (told.exit_code, told.stderr) == (1, "")
    assert re.search(r"broker +fault", told.stdout), told.stdout
    while HELD:
        HELD.pop().close()


def test_a_gateway_of_other_books_is_not_taken_for_ours(
    installation: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = asyncio.run(_trust_list_of_another(tmp_path / "other"))
    held = os.open(installation.data / "gateway.lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(held, fcntl.LOCK_EX)
    try:
        for token, said in ((other, "another one answers at"), (_trust_list(installation.data), "runs and is ready")):
            answers = {"/readyz": json.dumps({"status": "ready", "checks": {"database": "ok"}}), "/v1/trust": token}
            with listener(partial(_answer_http, answers)) as port:
                monkeypatch.setenv("PASSERELLE_HTTP_PORT", str(port))
                assert said in found(installation)["gateway"]["said"]
    finally:
        os.close(held)


def _answer_http(answers: dict[str, str], taken: socket.socket) -> None:
    with taken:
        body = answers[taken.recv(4096).split()[1].decode()].encode()
        taken.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))


def _trust_list(data: Path) -> str:
    return (data / "keys" / "trust.jwt").read_text()


async def _trust_list_of_another(data: Path) -> str:
    gateway = await opened(data)
    try:
        return gateway.rings.publish(system_clock().now_us() // 1_000_000)
    finally:
        await gateway.close()


def test_a_directory_that_this_account_may_not_open_is_told_with_its_remedy(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    allowed = os.access
    monkeypatch.setattr("os.access", lambda path, mode: FILE not in str(path) and allowed(path, mode))
    rows = found(installation)
    assert (rows["data"]["level"], "may not read" in rows["data"]["said"]) == (Level.FAULT, True)
    assert {"database", "schema", "chain", "doors"}.isdisjoint(rows)
