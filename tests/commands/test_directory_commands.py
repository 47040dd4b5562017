"""`operators`, `venues`, `plans`, `doors`: what is typed is on the books, and what cannot be is told."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands.installation import Installation

MADE = (
    ("operators", "add", "FR*NEW", "--name", "Nouvelle", "--legal", "siren=552100554"),
    ("venues", "add", "cour", "--operator", "FR*NEW", "--name", "La Cour", "--hours", "mon-fri 08:00-20:00",
     "--tariff", "5.50/hour", "--capacity", "30", "--zone", "desks=desk", "--zone", "salle=meeting_room,hard"),
    ("plans", "set", "FR*NEW", "nomad", "--service", "desk", "--service", "printing", "--any-hour"),
    ("doors", "add", "cour/front", "--zone", "desks", "--direction", "in", "--open-s", "7"),
)  # fmt: skip
SHOWN = {
    "operators": ("operator", "FR*NEW", {"name": "Nouvelle", "state": "active", "venues": 1, "plans": 1}),
    "venues": (
        "venue",
        "cour",
        {
            "operator": "FR*NEW",
            "hours": "mon-fri 08:00-20:00",
            "tariff": "5.50 EUR/hour",
            "capacity": 30,
            "zones": ["desks=desk", "salle=meeting_room,hard"],
            "doors": 1,
        },
    ),
    "plans": ("plan", "nomad", {"services": ["desk", "printing"], "any_hour": True, "roaming": True}),
    "doors": ("door", "cour/front", {"operator": "FR*NEW", "zone": "desks", "direction": "in", "open_s": 7}),
}


def furnish(installation: Installation) -> None:
    for command, *words in MADE:
        done = installation(command, *words)
        assert done.exit_code == 0, done.output


def test_what_is_made_is_listed(installation: Installation) -> None:
    furnish(installation)
    for command, (key, name, facts) in SHOWN.items():
        rows = installation.json(command, "list")
        row = next(row for row in rows if row[key] == name and row.get("operator", "FR*NEW") == "FR*NEW")
        assert row.items() >= facts.items()
        assert name in installation(command, "list").stdout


def test_set_changes_what_is_given_and_leaves_the_rest(installation: Installation) -> None:
    furnish(installation)
    words = ("--hours", "sat 09:00-13:00", "--capacity", "0", "--zone", "toit=desk")
    assert installation("venues", "set", "cour", *words).exit_code == 0
    venue = installation.json("venues", "show", "cour")
    assert (venue["hours"], venue["capacity"], venue["name"], venue["tariff"]) == (
        "sat 09:00-13:00",
        None,
        "La Cour",
        "5.50 EUR/hour",
    )
    assert venue["zones"] == ["desks=desk", "salle=meeting_room,hard", "toit=desk"]


def test_a_suspended_operator_is_asked_about_and_admitted_again(installation: Installation) -> None:
    assert installation("operators", "suspend", "FR*BCN", answer="n\n").exit_code == 1
    for answer, verb, state in (("y\n", "suspend", "suspended"), (None, "admit", "active")):
        rows = installation.json("operators", "list")
        operator = rows[0]["operator"]
        assert installation("operators", verb, operator, answer=answer).exit_code == 0
        assert installation.json("operators", "show", operator)["state"] == state


def test_a_door_is_made_ready_to_run(installation: Installation, tmp_path: Path) -> None:
    kit = tmp_path / "kit"
    made = installation.json("doors", "add", "montreuil/back", "--zone", "desks", "--dir", str(kit))
    config = json.loads((kit / "door.json").read_text())
    assert (config["password"], config["username"]) == (made["password"], "montreuil.back")
    assert made["topic_scan"] == "pw/v1/montreuil/back/scan"
    assert installation.json("doors", "show", "montreuil/back")["event_key"]
    again = installation("doors", "add", "montreuil/side", "--zone", "desks", "--dir", str(kit))
    assert (again.exit_code, "is there already" in again.stderr) == (1, True)


def test_a_new_password_is_told_once_and_asked_about(installation: Installation) -> None:
    assert installation("doors", "password", "montreuil/front", answer="n\n").exit_code == 1
    fresh = installation.json("doors", "password", "montreuil/front", "--yes")
    assert (fresh["username"], len(fresh["password"])) == ("montreuil.front", 43)


MISTAKES: dict[str, tuple[tuple[str, ...], int, str]] = {
    "a name turned around": (("operators", "add", "AT*XYZ", "--name", "abc\u202edcba"), 1, "plain text"),
    "an operator in lower case": (("operators", "add", "fr*new", "--name", "x"), 1, "is not an operator id"),
    "an operator twice": (("operators", "add", "FR*ATL", "--name", "x"), 1, "exists already"),
    "legal data without a value": (("operators", "add", "FR*NEW", "--name", "x", "--legal", "siren"), 2, "NAME=VALUE"),
    "an operator nobody knows": (("operators", "show", "FR*ZZZ"), 1, "there is no operator FR*ZZZ"),
    "a venue twice": (("venues", "add", "montreuil", "--operator", "FR*ATL", "--name", "x"), 1, "exists already"),
    "a venue that is no slug": (("venues", "add", "A+", "--operator", "FR*ATL", "--name", "x"), 1, "is not a slug"),
    "a venue nobody knows": (("venues", "set", "atlantis", "--name", "x"), 1, "there is no venue atlantis"),
    "a zone without a service": (
        ("venues", "add", "cour", "--operator", "FR*ATL", "--name", "x", "--zone", "desks"),
        2,
        "write zone=service",
    ),
    "a passback nobody knows": (
        ("venues", "add", "cour", "--operator", "FR*ATL", "--name", "x", "--zone", "desks=desk,never"),
        2,
        "never",
    ),
    "a door without a venue": (("doors", "add", "front", "--zone", "desks"), 2, "a door is written venue/door"),
    "a door twice": (("doors", "add", "montreuil/front", "--zone", "desks"), 1, "exists already"),
    "a door in no zone": (("doors", "add", "montreuil/x", "--zone", "roof"), 1, "zone roof is none of montreuil"),
    "a key that is none": (("doors", "add", "montreuil/x", "--zone", "desks", "--event-key", "!"), 2, "door key"),
    "a door nobody knows": (("doors", "password", "montreuil/x", "--yes"), 1, "is unknown"),
    "a plan of nobody": (("plans", "set", "FR*ZZZ", "nomad"), 1, "FR*ZZZ"),
}


@pytest.mark.parametrize(("words", "code", "said"), MISTAKES.values(), ids=list(MISTAKES))
def test_a_mistake_is_told_in_a_line_and_nothing_is_kept(
    installation: Installation, words: tuple[str, ...], code: int, said: str
) -> None:
    before = installation.count("events")
    refused = installation(words[0], *words[1:])
    assert (refused.exit_code, said in refused.stderr) == (code, True), refused.output
    assert "Traceback" not in refused.output
    assert installation.count("events") == before


HOSTILE: dict[str, tuple[str, str]] = {
    "a closing tag": ("Chez [/red] nous", "Chez [/red] nous"),
    "a link": ("[link=http://x.example]Nous[/link] :smile:", "[link=http://x.example]Nous[/link] :smile:"),
    "letters that join": ("\u0645\u06cc\u200c\u062e", "\u0645\u06cc\u200c\u062e"),
    "a Z after a T": ("TRAPÈZE, 12 rue de la Quintinie, AZ", "TRAPÈZE, 12 rue de la Quintinie, AZ"),
}


@pytest.mark.parametrize(("name", "shown"), HOSTILE.values(), ids=list(HOSTILE))
def test_a_name_is_listed_as_it_is(installation: Installation, name: str, shown: str) -> None:
    assert installation("operators", "add", "AT*XYZ", "--name", name).exit_code == 0
    listed = installation("operators", "list")
    assert listed.exit_code == 0, listed.output
    assert f"AT*XYZ     {shown} " in listed.stdout
    assert f"name      {shown}\n" in installation("operators", "show", "AT*XYZ").stdout


def test_a_disk_that_is_full_under_the_output_is_told_in_a_line(installation: Installation) -> None:
    command = [sys.executable, "-m", "gateway", "operators", "list", "--data", str(installation.data)]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False, timeout=60)
    assert done.returncode != 0
    assert "Error: No space left on device (file)" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_door_that_was_refused_leaves_no_key(installation: Installation, tmp_path: Path) -> None:
    kit = tmp_path / "the kit"
    refused = installation("doors", "add", "nowhere/side", "--zone", "desks", "--dir", str(kit))
    assert (refused.exit_code, kit.exists()) == (1, False), refused.output
    made = installation("doors", "add", "montreuil/side", "--zone", "desks", "--dir", str(kit))
    assert made.exit_code == 0, made.output
    assert f"--config '{kit}/door.json'" in made.stdout


@pytest.mark.parametrize(
    "words", [("add", "montreuil/side", "--zone", "desks"), ("password", "montreuil/front", "--yes")]
)
def test_a_broker_of_ones_own_that_would_not_hear_is_named(installation: Installation, words: tuple[str, ...]) -> None:
    (installation.data / "broker.env").write_text("PASSERELLE_BROKER=mqtt://127.0.0.1:1883\n")
    before = installation.count("events")
    refused = installation("doors", *words)
    assert (refused.exit_code, installation.count("events")) == (1, before)
    assert f"set -a; . {installation.data}/broker.env; set +a" in refused.stderr
