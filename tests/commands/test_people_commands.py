"""`members`, `pass list`, `charges`, `statements bill`: lists are whole, and a standing counts for every pass."""

import csv
import io

import pytest

from tests.builders import HOME, NOMAD
from tests.commands.installation import MEMBER, Installation


def member(installation: Installation, number: str) -> dict[str, str]:
    found: dict[str, str] = installation.json("members", "show", HOME, number)
    return found


def test_a_member_is_added_moved_suspended_restored_and_revoked(installation: Installation) -> None:
    assert installation("plans", "set", HOME, "resident").exit_code == 0
    assert installation("members", "add", HOME, "n° 7", "--plan", NOMAD).exit_code == 0
    assert installation("members", "plan", HOME, "n° 7", "resident").exit_code == 0
    for words, standing in (
        (("suspend", HOME, "n° 7"), "suspended"),
        (("restore", HOME, "n° 7"), "valid"),
        (("revoke", HOME, "n° 7", "--yes"), "revoked"),
    ):
        assert installation("members", *words).exit_code == 0
        assert (member(installation, "n° 7")["standing"], member(installation, "n° 7")["plan"]) == (
            standing,
            "resident",
        )


def test_every_member_and_every_pass_is_listed_once(installation: Installation) -> None:
    for number in range(3):
        assert installation("members", "add", HOME, f"m-{number}", "--plan", NOMAD).exit_code == 0
    issued = {installation.issues()["id"] for _ in range(3)}
    rows = list(csv.DictReader(io.StringIO(installation("members", "list", HOME, "--csv").stdout)))
    assert sorted(row["member"] for row in rows) == sorted([MEMBER, "m-0", "m-1", "m-2"])
    passes = installation.json("pass", "list", "--operator", HOME)
    assert {row["pass"] for row in passes} == issued
    assert installation("pass", "revoke", HOME, min(issued)).exit_code == 0
    (revoked,) = installation.json("pass", "list", "--standing", "revoked")
    assert revoked["pass"] == min(issued)


def test_a_pipe_never_cuts_an_id(installation: Installation) -> None:
    made = installation.issues()
    shown = installation("pass", "list").stdout
    assert made["id"] in shown
    assert installation.holder in shown


def test_a_period_without_charges_issues_nothing(installation: Installation) -> None:
    words = ("bill", "--from", "2026-01-01", "--before", "2026-02-01")
    assert installation.json("statements", *words) == []
    assert installation.json("charges") == []


MISTAKES: dict[str, tuple[str, tuple[str, ...], int, str]] = {
    "a member twice": ("members", ("add", HOME, MEMBER, "--plan", NOMAD), 1, "exists already"),
    "a plan nobody has": ("members", ("add", HOME, "9", "--plan", "gold"), 1, "has no plan gold"),
    "a member nobody knows": ("members", ("suspend", HOME, "9"), 1, "has no member 9"),
    "a member to show that nobody knows": ("members", ("show", HOME, "9"), 1, "there is no member 9"),
    "a move of nobody": ("members", ("plan", HOME, "9", NOMAD), 1, "has no member 9"),
    "a revocation not meant": ("members", ("revoke", HOME, MEMBER), 1, "Sure?"),
    "a period that runs backwards": (
        "statements",
        ("bill", "--from", "2026-02-01", "--before", "2026-01-01"),
        2,
        "--from must lie before --before",
    ),
    "charges in two forms": ("charges", ("--csv", "--json"), 2, "one of them, not both"),
}


@pytest.mark.parametrize(("command", "words", "code", "said"), MISTAKES.values(), ids=list(MISTAKES))
def test_a_mistake_is_told_in_a_line_and_nothing_is_kept(
    installation: Installation, command: str, words: tuple[str, ...], code: int, said: str
) -> None:
    before = installation.count("events")
    refused = installation(command, *words)
    assert (refused.exit_code, said in refused.stderr) == (code, True), refused.output
    assert installation.count("events") == before
