"""`passerelle pass`, as it is typed."""

import asyncio
import json
import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.adapters.db.connect import FILE
from gateway.domain.directory import OperatorState
from gateway.domain.presence import Standing
from tests.builders import FRONT, HOME, HOST, LYON, MONTREUIL
from tests.commands.installation import MEMBER, Installation, opened

FOR_MEMBER = ("--operator", HOME, "--member", MEMBER)
SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"/>'


def in_days(days: int) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).strftime("%Y-%m-%d")  # noqa: TID251 - the commands' own clock


REFUSED_ORDERS: dict[str, tuple[tuple[str, ...], int, str]] = {
    "for nobody": (("--operator", HOME), 2, "--member NUMBER or --visitor"),
    "for a member and a visitor": ((*FOR_MEMBER, "--visitor"), 2, "one of them, not both"),
    "for no number of hours": ((*FOR_MEMBER, "--hours", "nan"), 2, "no number of hours"),
    "for ever": ((*FOR_MEMBER, "--hours", "inf"), 2, "range"),
    "from the end of the calendar": ((*FOR_MEMBER, "--from", "9999-12-31"), 1, "at most 400 are allowed"),
    "from in two years": ((*FOR_MEMBER, "--from", in_days(730)), 1, "let it begin earlier or last shorter"),
    "from before 1970": ((*FOR_MEMBER, "--from", "1969-01-01"), 1, "the pass is refused"),
    "drawn where no directory is": ((*FOR_MEMBER, "--png", "/nonexistent/x.png"), 1, "there is no directory"),
    "drawn as a sound": ((*FOR_MEMBER, "--png", "pass.mp3"), 1, "write to .png or .svg"),
    "drawn into what is no directory": ((*FOR_MEMBER, "--svg", "/dev/null/x.svg"), 1, "there is no directory"),
    "drawn although it changes": (
        (*FOR_MEMBER, "--new-holder-key", "/nonexistent/key.pem", "--png", "x.png"),
        2,
        "changes every 15 s",
    ),
    "of a member nobody knows": (("--operator", HOME, "--member", "7"), 1, "has no member 7"),
    "a token of a day": ((*FOR_MEMBER, "--form", "jwt", "--hours", "12"), 1, "at most 900 s"),
}


@pytest.mark.parametrize(("words", "code", "said"), REFUSED_ORDERS.values(), ids=REFUSED_ORDERS)
def test_an_order_that_is_refused_says_why_and_leaves_nothing(
    installation: Installation, words: tuple[str, ...], code: int, said: str
) -> None:
    rings = (installation.data / "keys" / "rings.json").read_bytes()
    refused = installation("pass", "issue", *words)
    assert (refused.exit_code, said in refused.stderr) == (code, True), refused.output
    assert installation.count("passes") == 0
    assert (installation.data / "keys" / "rings.json").read_bytes() == rings


USUAL = {
    "a member's QR": (FOR_MEMBER, 12 * 3600),
    "a member's token": ((*FOR_MEMBER, "--form", "jwt"), 15 * 60),
    "a visitor's token": (("--operator", HOST, "--visitor", "--form", "jwt"), 12 * 3600),
    "what is asked for": ((*FOR_MEMBER, "--hours", "1.5"), 5400),
}


@pytest.mark.parametrize(("words", "lasts_s"), USUAL.values(), ids=USUAL)
def test_how_long_a_pass_counts(installation: Installation, words: tuple[str, ...], lasts_s: int) -> None:
    made = installation.json("pass", "issue", *words)
    assert abs(made["expires"] - datetime.now(UTC).timestamp() - lasts_s) < 30  # noqa: TID251 - the commands' own clock


def test_the_usual_hours_are_told(installation: Installation) -> None:
    told = " ".join(installation("pass", "issue", "--help").output.split())
    assert "default: 12; 0.25 for a jwt" in told


def test_a_pass_within_the_bound_is_signed(installation: Installation) -> None:
    assert installation.issues("--from", in_days(390))["text"].startswith("PW1:")


@pytest.mark.parametrize("ending", ["png", "svg"])
def test_a_pass_is_drawn_into_a_file(installation: Installation, tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"pass.{ending}"
    installation.issues(f"--{ending}", str(path))
    assert path.stat().st_size > 0


def test_a_drawn_pass_is_read_from_its_picture(installation: Installation, tmp_path: Path) -> None:
    path = tmp_path / "pass.png"
    installation.issues("--png", str(path))
    assert installation("pass", "verify", str(path), "--venue", LYON).exit_code == 0


SHOWN = {
    "a word": "zzz",
    "an empty text": "",
    "a link": "https://pass.example/42",
    "a prefix alone": "PW1:",
    "no base45": "PW1:zzz",
    "two dots": "a.b.c",
}


@pytest.mark.parametrize("text", SHOWN.values(), ids=SHOWN)
def test_what_is_no_pass_is_not_drawn(installation: Installation, text: str) -> None:
    refused = installation("pass", "show", text, "--once")
    assert refused.exit_code == 1
    assert refused.stdout == ""
    assert refused.stderr.startswith("Error: ")


@pytest.mark.parametrize("form", ["cwt", "jwt"])
def test_a_pass_is_shown_as_it_was_issued(installation: Installation, form: str, tmp_path: Path) -> None:
    text = installation.issues("--form", form)["text"]
    kept = tmp_path / "pass.txt"
    kept.write_text(text + "\n")
    for given in (text, str(kept)):
        assert installation("pass", "show", given, "--once", "--plain").output == text + "\n"


NO_PASSES: dict[str, tuple[str, bytes, str]] = {
    "a drawing in SVG": ("v.svg", SVG.encode(), "SVG is not"),
    "a text called a picture": ("v.png", b"PW1:", "PNG, JPEG"),
    "a picture cut short": ("v.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "PNG, JPEG"),
    "bytes called a text": ("v.txt", b"\xff\xfe\x00", "holds no text"),
}


@pytest.mark.parametrize(("name", "content", "said"), NO_PASSES.values(), ids=NO_PASSES)
def test_a_file_that_cannot_be_read_says_which_can(
    installation: Installation, tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    (tmp_path / name).write_bytes(content)
    refused = installation("pass", "verify", str(tmp_path / name), "--venue", LYON)
    assert (refused.exit_code, said in refused.stderr) == (1, True), refused.output
    assert refused.stdout == ""


@pytest.mark.parametrize("text", ["x" * 5000, "y" * 300, "a\x00b"], ids=["long", "longer than a name", "a zero byte"])
def test_a_text_that_names_no_file_is_judged_as_a_text(installation: Installation, text: str) -> None:
    refused = installation("pass", "verify", text, "--venue", LYON)
    assert (refused.exit_code, refused.output.endswith("Refused.\n")) == (1, True), refused.output


def test_a_token_is_verified_as_a_text(installation: Installation) -> None:
    assert verdict(installation, installation.issues("--form", "jwt")["text"])[0]


def test_a_pass_with_no_entry_left_is_refused(installation: Installation) -> None:
    made = installation.issues("--uses", "1")
    with closing(sqlite3.connect(installation.data / FILE)) as books, books:
        assert books.execute("UPDATE passes SET uses_left = 0 WHERE id = ?", (made["id"],)).rowcount == 1
    accepted, steps, _ = verdict(installation, made["text"])
    assert (accepted, steps["books"].partition(":")[0]) == (False, "USED_UP")


def test_a_picture_that_is_not_there_is_said_to_be_missing(installation: Installation) -> None:
    assert "there is no file missing.svg" in installation("pass", "verify", "missing.svg", "--venue", LYON).stderr


def verdict(installation: Installation, text: str, *where: str) -> tuple[bool, dict[str, str], bool]:
    """Whether it is accepted, the detail of each step, and whether the last step holds."""
    told = installation.json("pass", "verify", text, *(where or ("--venue", MONTREUIL)))
    return told["accepted"], {step["step"]: step["detail"] for step in told["steps"]}, told["steps"][-1]["ok"]


def test_a_pass_is_accepted_by_the_books_and_nothing_unchecked_is_ticked(installation: Installation) -> None:
    accepted, steps, _ = verdict(installation, installation.issues("--uses", "3")["text"])
    assert accepted
    assert steps["books"] == "in force on the books of FR*LPO, entries left: 3"
    assert "status" not in steps, "no list is held, so none was looked at"
    accepted, steps, _ = verdict(installation, installation.issues()["text"], "--door", str(FRONT))
    assert (accepted, "status" in steps, list(steps)[-1]) == (True, False, "house rules")


@pytest.mark.parametrize("standing", ["revoked", "suspended"])
def test_a_pass_that_the_books_refuse_is_refused_at_a_venue_too(installation: Installation, standing: str) -> None:
    made = installation.issues()
    assert installation("pass", "revoke", HOME, made["id"], "--standing", standing).exit_code == 0
    accepted, steps, last_ok = verdict(installation, made["text"])
    assert (accepted, last_ok) == (False, False)
    assert steps["books"] == f"{standing.upper()}: the pass is {standing}"
    undone = installation("pass", "revoke", HOME, made["id"], "--standing", "valid")
    assert (undone.exit_code == 0, verdict(installation, made["text"])[0]) == (standing == "suspended",) * 2


def test_a_pass_of_a_suspended_member_is_refused(installation: Installation) -> None:
    made = installation.issues()

    async def suspend() -> None:
        gateway = await opened(installation.data)
        await gateway.set_member_standing(HOME, MEMBER, Standing.SUSPENDED)
        await gateway.close()

    asyncio.run(suspend())
    accepted, steps, _ = verdict(installation, made["text"])
    assert (accepted, steps["books"]) == (False, "SUSPENDED: its member is suspended")


def test_a_pass_of_a_suspended_operator_is_refused(installation: Installation) -> None:
    made = installation.issues()

    async def suspend() -> None:
        gateway = await opened(installation.data)
        await gateway.set_operator_state(HOME, OperatorState.SUSPENDED, "tests")
        await gateway.close()

    asyncio.run(suspend())
    accepted, steps, _ = verdict(installation, made["text"])
    assert (accepted, steps["books"].partition(":")[0]) == (False, "OPERATOR_SUSPENDED")


def test_a_genuine_pass_that_the_books_never_had_is_refused(installed: Installation, tmp_path: Path) -> None:
    """Signed by the operator's own key beside its books: on a copy that was thrown away."""
    lost = Installation(tmp_path / "lost", installed.holder)
    shutil.copytree(installed.data, lost.data)
    text = lost.issues()["text"]
    kept = Installation(tmp_path / "kept", installed.holder)
    shutil.copytree(installed.data, kept.data)
    accepted, steps, _ = verdict(kept, text)
    assert (accepted, steps["books"].partition(":")[0]) == (False, "REVOKED")


def test_a_venue_nobody_knows_is_said_so(installation: Installation) -> None:
    refused = installation("pass", "verify", installation.issues()["text"], "--venue", "atlantis")
    assert (refused.exit_code, "venue atlantis is unknown" in refused.stderr) == (1, True)


def test_a_refusal_by_the_pass_itself_comes_before_the_books(installation: Installation) -> None:
    accepted, steps, _ = verdict(installation, installation.issues("--venue", LYON)["text"])
    assert (accepted, list(steps)[-1]) == (False, "audience")
    assert "status" not in steps


@pytest.mark.parametrize("verb", ["issue", "show", "verify", "revoke"])
def test_every_verb_shows_an_example_on_lines_of_its_own(installation: Installation, verb: str) -> None:
    lines = installation("pass", verb, "--help").output.splitlines()
    start = next(place for place, line in enumerate(lines) if line.strip().startswith("Example"))
    assert lines[start + 1].strip().startswith(f"passerelle pass {verb} ")
    assert json.dumps(lines).find("\\\\b") == -1
