"""`passerelle keys`, as it is typed."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Connection, Table, create_engine, insert

from gateway.adapters.db import schema
from gateway.commands.keys import keys
from keys.faults import NotListedLongEnough
from keys.ring import Rings, Use
from keys.trust_view import TrustView
from tests.keys.scene import A, bytes_of, uri

DAY_S = 86_400
EARLIER, LATER = 1_700_000_000, 1_900_000_000
PASSES = [(A, LATER, "valid"), (A, LATER, "revoked"), (A, EARLIER, "valid"), ("FR*LPO", LATER, "valid")]


class Shell:
    """Runs the command on one data directory; the clock can be set."""

    def __init__(self, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.data = data
        self._monkeypatch = monkeypatch
        self.at(1_800_000_000)
        for name in ("PASSERELLE_KEY_PASSPHRASE", "PASSERELLE_KEY_PASSPHRASE_FILE", "PASSERELLE_DATA"):
            monkeypatch.delenv(name, raising=False)

    def at(self, now_s: int) -> None:
        self.now_s = now_s
        self._monkeypatch.setattr("gateway.commands.keys._now_s", lambda: now_s)

    def __call__(self, *words: str, answer: str | None = None) -> Result:
        verb, *rest = words
        return CliRunner().invoke(keys, [verb, "--data", str(self.data), *rest], input=answer)

    def json(self, *words: str) -> dict[str, Any]:
        result = self(*words, "--json")
        assert result.exit_code == 0, result.output
        told: dict[str, Any] = json.loads(result.stdout)
        return told

    def rings(self) -> Rings:
        passphrase = (self.data / "keys" / "passphrase").read_bytes().strip()
        return Rings.load(self.data / "keys", passphrase, bytes_of("shell"))

    def kid(self, use: Use, state: str = "active") -> str:
        rows = self.json("show")["keys"]
        return next(str(row["kid"]) for row in rows if row["use"] == use and row["state"] == state)


def _insert(rows: Connection, table: Table, **given: Any) -> None:
    """A row of the gateway's own table; what is not given is empty."""
    empty = {int: 0, str: "", bytes: b""}
    blank = {column.name: empty[column.type.python_type] for column in table.columns if not column.nullable}
    rows.execute(insert(table).values(blank | given))


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    return Shell(tmp_path / "data", monkeypatch)


@pytest.fixture
def made(shell: Shell) -> Shell:
    assert shell("make", "--operator", A, "--status-uri", uri(A)).exit_code == 0
    assert shell("publish").exit_code == 0
    return shell


@pytest.mark.parametrize("verb", ["show", "make", "rotate", "revoke", "publish"])
def test_every_verb_shows_an_example(verb: str) -> None:
    told = CliRunner().invoke(keys, [verb, "--help"]).output
    assert "Example:" in told
    assert f"passerelle keys {verb}" in told
    assert "\\b" not in told
    assert "passerelle keys make" in CliRunner().invoke(keys, ["--help"]).output


def test_make_makes_what_is_missing_and_says_where_the_secrets_are(shell: Shell) -> None:
    told = shell("make", "--operator", A).output
    assert str(shell.data / "keys" / "passphrase") in told
    assert "offline" in told
    rows = shell.json("show")["keys"]
    assert [(row["use"], row["state"]) for row in rows] == [
        ("root", "active"),
        ("root", "next"),
        *((use, state) for use in ("pass", "status", "gateway", "partner") for state in ("active", "next")),
    ]
    again = shell("make", "--operator", A)
    assert again.exit_code == 0
    assert shell.json("show")["keys"] == rows


def test_show_needs_no_passphrase_and_tells_no_secret(made: Shell) -> None:
    passphrase = made.data / "keys" / "passphrase"
    secret = passphrase.read_text().strip()
    passphrase.unlink()
    shown = made("show")
    assert shown.exit_code == 0
    assert "FR*ATL" in shown.output
    assert secret not in shown.output
    assert made("rotate", A, "pass").exit_code == 1


def test_a_wrong_passphrase_is_said_in_a_line(made: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PASSERELLE_KEY_PASSPHRASE", "wrong")
    refused = made("publish")
    assert refused.exit_code == 1
    assert "the passphrase does not open" in refused.output
    assert "Traceback" not in refused.output


def test_publish_gives_a_list_that_a_door_takes_in(made: Shell, tmp_path: Path) -> None:
    out = tmp_path / "trust.jwt"
    told = made.json("publish", "--out", str(out))
    assert told["version"] == 2
    assert told["expires"] == made.now_s + DAY_S
    view = TrustView.pinned(made.rings().roots).with_trust_list(out.read_text(), made.now_s)
    assert view.version == 2


def test_rotate_says_from_when_it_may_and_then_does(made: Shell) -> None:
    waiting = made.kid(Use.PASS, "next")
    early = made("rotate", A, "pass")
    assert early.exit_code == 1
    assert NotListedLongEnough.code in early.output
    assert "2027-01-16 08:00 UTC" in early.output
    made.at(made.now_s + DAY_S)
    assert made.json("rotate", A, "pass")["kid"] == waiting
    assert made.kid(Use.PASS) == waiting
    assert made("rotate", "--root").exit_code == 0


@pytest.mark.parametrize("words", [[], [A], [A, "pass", "--root"], ["--root", A], [A, "root"], ["FR*XXX", "pass"]])
def test_rotate_wants_to_know_what(made: Shell, words: list[str]) -> None:
    assert made("rotate", *words).exit_code in {1, 2}


def test_revoke_says_what_it_touches_and_asks(made: Shell) -> None:
    kid = made.kid(Use.PASS)
    books = create_engine(f"sqlite:///{made.data / 'passerelle.db'}")
    with books.begin() as rows:
        schema.metadata.create_all(rows)
        for place, (issuer, expires_s, standing) in enumerate(PASSES):
            given = {"id": str(place), "status_index": place}
            _insert(rows, schema.passes, issuer=issuer, expires_s=expires_s, standing=standing, **given)
        for holder, home in (("h1", A), ("h2", "FR*LPO")):
            _insert(rows, schema.holders, id=holder, home=home)
            _insert(rows, schema.presences, holder=holder)
        for door in ("front", "back", "side"):
            _insert(rows, schema.doors, id=door)
    books.dispose()
    refused = made("revoke", kid, answer="n\n")
    assert refused.exit_code == 1
    assert made.kid(Use.PASS) == kid
    for said in ("1 passes of the operator", "1 of its holders are inside", "3 doors", "refused at every door"):
        assert said in refused.output
    done = made("revoke", kid, answer="y\n")
    assert done.exit_code == 0
    assert "trust list 2 is out" in done.output
    assert "cannot sign for use pass until" in done.output


def test_revoke_takes_the_kid_as_tokens_write_it_even_with_a_dash(made: Shell) -> None:
    row = next(row for row in made.json("show")["keys"] if row["use"] == "pass")
    assert made.json("revoke", "--yes", row["jws_kid"])["kid"] == row["kid"]
    unknown = made("revoke", "--yes", "-AAAAA")
    assert unknown.exit_code == 1
    assert "no key" in unknown.output
    assert made("revoke", "--yes", "xyz").exit_code == 2


def test_a_revocation_that_cannot_be_published_says_so_loudly(made: Shell) -> None:
    root = made.kid(Use.PASS)
    signing = next(row["kid"] for row in made.json("show")["keys"] if row["use"] == "root" and row["state"] == "active")
    rings = made.rings()
    assert rings.book.version == 1
    made.at(made.now_s + DAY_S)
    for path in (made.data / "keys").glob("root.*.pem"):
        if signing not in path.name:
            path.unlink()
    told = made.json("revoke", "--yes", signing)
    assert told["version"] is None
    assert "NOT published" in told["notes"][0]
    assert root


def test_after_a_restore_the_next_list_is_above_what_doors_hold(made: Shell) -> None:
    told = made.json("publish", "--after-restore", "41")
    assert (told["version"], told["epoch"]) == (42, 2)


WITHOUT_RINGS = {
    "show": ["show"],
    "publish": ["publish"],
    "rotate": ["rotate", A, "pass"],
    "revoke": ["revoke", "0" * 8],
}


@pytest.mark.parametrize("words", WITHOUT_RINGS.values(), ids=WITHOUT_RINGS)
def test_a_directory_that_is_no_installation_is_named_as_everywhere(shell: Shell, words: list[str]) -> None:
    refused = shell(*words)
    assert refused.exit_code == 1
    assert refused.stderr == (
        f"Error: {shell.data} holds no installation of Passerelle; name its directory with --data\n"
    )
    assert not shell.data.exists()


@pytest.mark.parametrize("words", WITHOUT_RINGS.values(), ids=WITHOUT_RINGS)
def test_books_whose_keys_are_gone_are_told_as_missing_and_not_as_damaged(shell: Shell, words: list[str]) -> None:
    shell.data.mkdir()
    (shell.data / "passerelle.db").touch()
    refused = shell(*words)
    assert refused.exit_code == 1
    assert "keys make" in refused.stderr
    assert "(missing_file)" in refused.stderr


MALFORMED = {
    "an operator in small letters": (["--operator", "bad"], "not an operator id"),
    "an operator with a line end": (["--operator", "FR*ATL\n"], "not an operator id"),
    "an operator that is a path": (["--operator", "../../etc"], "not an operator id"),
    "an operator of nothing": (["--operator", ""], "not an operator id"),
    "an empty address": (["--operator", A, "--status-uri", " " * 513], "1 to 512 characters"),
    "an address of half a character": (["--operator", A, "--status-uri", "http://\udc80"], "1 to 512 characters"),
}


def everything(data: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in data.rglob("*") if path.is_file()}


@pytest.mark.parametrize(("words", "said"), MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_operator_is_refused_before_anything_is_written(
    made: Shell, words: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = everything(made.data)
    refused = made("make", *words)
    assert (refused.exit_code, said in refused.output) == (1, True), refused.output
    assert everything(made.data) == before
    assert made("show").exit_code == 0
    elsewhere = Shell(tmp_path / "fresh", monkeypatch)
    assert elsewhere("make", *words).exit_code == 1
    assert not elsewhere.data.exists()


def test_a_malformed_federation_is_refused_before_anything_is_written(shell: Shell) -> None:
    refused = shell("make", "--federation", "The Cooperative")
    assert (refused.exit_code, "short id" in refused.output) == (1, True)
    assert not shell.data.exists()


@pytest.mark.parametrize("version", ["99999999999999999999999", str(2**53), "1000002"])
def test_after_a_restore_no_version_is_believed_that_no_door_can_hold(made: Shell, version: str) -> None:
    before = everything(made.data)
    refused = made("publish", "--after-restore", version)
    assert refused.exit_code == 1
    assert "at most 1000001" in refused.output
    assert everything(made.data) == before
    assert made.json("publish", "--after-restore", "1000001")["version"] == 1_000_002
    assert made.json("publish")["version"] == 1_000_003


def test_a_stray_file_in_the_archive_is_not_counted(made: Shell) -> None:
    for name in ("trust-copy.jwt", "trust-99999999999999999999999.jwt"):
        (made.data / "keys" / "archive" / name).touch()
    assert made.json("publish")["version"] == 2


def test_rings_with_an_instant_past_the_year_9999_can_still_be_shown(made: Shell) -> None:
    path = made.data / "keys" / "rings.json"
    book = json.loads(path.read_text())
    book["operators"][A]["rings"]["pass"]["keys"][0]["signed_until_s"] = 2**39
    path.write_text(json.dumps(book))
    shown = made("show", "--json")
    assert shown.exit_code == 0, shown.output
    assert "past every calendar" in shown.output
