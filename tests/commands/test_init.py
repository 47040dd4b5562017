"""`passerelle init`: its next steps, typed as printed, end in a granted scan; what is there already stays."""

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gateway.commands.init import init, machine_zone
from gateway.commands.passes import passes

PATIENCE_S = 30
STEP = re.compile(r"^\d\. .*\n   (passerelle .*)$", re.MULTILINE)


def run(*words: str, answers: str | None = None) -> Result:
    """Type the command."""
    return CliRunner().invoke(init, words, input=answers)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def typed(command: str, folder: Path) -> subprocess.Popen[str]:
    """The command as a person would start it there."""
    words = [sys.executable, "-m", "gateway", *shlex.split(command)[1:]]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    return subprocess.Popen(
        words, cwd=folder, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )


def test_the_next_steps_as_printed_end_in_a_granted_scan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    made = run("--yes", "--data", "house", "--http-port", str(free_port()), "--broker-port", str(free_port()))
    assert made.exit_code == 0, made.output
    serve, issue, hold, see = STEP.findall(made.stdout)
    gateway = typed(serve, tmp_path)
    try:
        assert gateway.stdout is not None
        assert "serves on" in gateway.stdout.readline()
        for command, said in ((issue, "pass.png"), (hold, "granted"), (see, "ACTIVE")):
            step = typed(command, tmp_path)
            output, _ = step.communicate(timeout=PATIENCE_S)
            assert step.returncode == 0, output
            assert said in output or command is issue, output
    finally:
        gateway.send_signal(signal.SIGTERM)
        gateway.communicate(timeout=PATIENCE_S)
    assert (tmp_path / "pass.png").is_file()


def test_questions_take_defaults_and_ask_again_what_cannot_be_used(tmp_path: Path) -> None:
    data = tmp_path / "house"
    answers = ["Chez Nous", "Salle Événements", "", "Paris", "FR*NOU", "montreuil", *[""] * 7]
    made = run("--data", str(data), answers="\n".join([*answers, ""]))
    assert made.exit_code == 0, made.output
    assert "Error: 'Paris' is not an operator id: country, '*', three letters or digits (FR*ATL)" in made.output
    assert "Chez Nous (FR*NOU) with the venue montreuil" in made.output


MISTAKES: dict[str, tuple[list[str], str]] = {
    "an operator in lower case": (["--operator", "fr*atl"], "'--operator': 'fr*atl' is not an operator id"),
    "a venue that is no slug": (["--venue", "Montreuil !"], "'--venue': 'Montreuil !' is not a slug"),
    "a reserved slug": (["--venue", "status"], "'status' is not a slug"),
    "hours that are none": (["--hours", "daily"], "'daily' is no opening time"),
    "a clock past midnight": (["--hours", "mon 08:00-25:00"], "'25:00' is no time of day"),
    "days that run backwards": (["--hours", "sat-mon 08:00-12:00"], "sat-mon runs backwards"),
    "a tariff without its unit": (["--tariff", "5"], "'5' is no tariff; write 'free', '5.00/hour' or '25/day'"),
    "a service nobody offers": (["--service", "sauna"], "'sauna': write one of desk, meeting_room"),
    "a time zone that is none": (["--time-zone", "Paris"], "time zone 'Paris' is unknown"),
    "a federation too long": (["--federation", "cooperative"], "write 1 to 8 small letters or digits"),
    "a name of blanks": (["--name", "  "], "a name is empty"),
    "a name of two lines": (["--venue-name", "Salle\nHaute"], "'--venue-name': a name is one line of plain text"),
    "one port for two": (["--http-port", "8080", "--broker-port", "8080"], "name different ones"),
}


@pytest.mark.parametrize(("words", "said"), MISTAKES.values(), ids=list(MISTAKES))
def test_a_flag_that_cannot_be_used_is_told_and_nothing_is_made(tmp_path: Path, words: list[str], said: str) -> None:
    refused = run("--yes", "--data", str(tmp_path / "house"), *words)
    assert refused.exit_code == 2
    assert said in refused.output
    assert list(tmp_path.iterdir()) == []


def test_a_pass_is_of_the_federation_that_the_keys_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = str(tmp_path / "house")
    assert run("--yes", "--data", data, "--federation", "zz").exit_code == 0
    monkeypatch.delenv("PASSERELLE_FEDERATION", raising=False)
    issued = CliRunner().invoke(passes, ["issue", "--data", data, "--operator", "FR*ATL", "--member", "1", "--json"])
    text = json.loads(issued.stdout)["text"]
    verified = CliRunner().invoke(passes, ["verify", text, "--data", data, "--door", "my-venue/front", "--json"])
    assert verified.exit_code == 0, verified.output


def test_what_is_there_already_stays(tmp_path: Path) -> None:
    data = tmp_path / "house"
    data.mkdir()
    (data / "letters.txt").write_text("dear")
    refused = run("--yes", "--data", str(data))
    assert (refused.exit_code, (data / "letters.txt").read_text()) == (1, "dear")
    assert "is there already and is not empty" in refused.output


@pytest.mark.parametrize("named", ["house", ".", "link"])
def test_an_empty_directory_is_taken_and_stays_what_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: str
) -> None:
    house = tmp_path / "house"
    house.mkdir(mode=0o755)
    (tmp_path / "link").symlink_to(house)
    monkeypatch.chdir(house if named == "." else tmp_path)
    before = house.stat().st_ino
    made = run("--yes", "--data", named)
    assert made.exit_code == 0, made.output
    assert (house.stat().st_ino, house.stat().st_mode & 0o777) == (before, 0o700)
    assert {"passerelle.db", "keys", "door"} <= {each.name for each in house.iterdir()}
    assert [each.name for each in house.iterdir() if ".new-" in each.name] == []
    assert (Path(json.loads((house / "door" / "door.json").read_text())["event_key"])).is_file()


def test_a_link_that_leads_nowhere_is_told_before_any_question(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    refused = run("--data", str(tmp_path / "link"))
    assert (refused.exit_code, "leads nowhere" in refused.output) == (1, True), refused.output


def test_the_printed_pass_opens_the_zone_that_was_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    made = run("--yes", "--data", "house", "--service", "meeting_room")
    _, issue, _, _ = STEP.findall(made.stdout)
    assert CliRunner().invoke(passes, shlex.split(issue)[2:]).exit_code == 0
    judged = CliRunner().invoke(passes, ["verify", "pass.png", "--data", "house", "--door", "my-venue/front"])
    assert judged.exit_code == 0, judged.output


def test_an_interruption_leaves_nothing_half_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("gateway.commands.doors.write_kit", interrupted)
    assert run("--yes", "--data", str(tmp_path / "house")).exit_code != 0
    assert list(tmp_path.iterdir()) == []


def test_secrets_are_their_owners_alone(tmp_path: Path) -> None:
    data = tmp_path / "house"
    assert run("--yes", "--data", str(data)).exit_code == 0
    assert [
        path for path in data.rglob("*") if path.stat().st_mode & 0o077 and path.parent.stat().st_mode & 0o077
    ] == []
    config = json.loads((data / "door" / "door.json").read_text())
    assert (config["username"], config["operator"], Path(config["data"])) == ("my-venue.front", "FR*ATL", data / "door")


@pytest.mark.parametrize(
    ("linked", "zone"),
    [("Europe/Lisbon", "Europe/Lisbon"), ("Etc/UTC", "Europe/Paris"), ("Mars/Olympus", "Europe/Paris")],
)
def test_the_machines_zone_is_the_default_unless_it_says_nothing(tmp_path: Path, linked: str, zone: str) -> None:
    (tmp_path / "localtime").symlink_to(tmp_path / "zoneinfo" / linked)
    assert machine_zone(tmp_path) == zone
