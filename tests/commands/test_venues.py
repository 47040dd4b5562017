"""`passerelle venues`, as it is typed: what is unknown or unreadable is refused, an evacuation asks once more."""

import asyncio

import pytest

from gateway.application.errors import ConflictError
from tests import builders
from tests.builders import HOME, HOST, MONTREUIL
from tests.commands.installation import Installation, opened

LOCKDOWN = ("mode", MONTREUIL, "lockdown")


def test_a_ban_of_nobody_is_refused_and_a_ban_of_somebody_kept(installation: Installation) -> None:
    for lift in ((), ("--lift",)):
        refused = installation("venues", "ban", HOST, "nobody", "--reason", "noise", *lift)
        assert (refused.exit_code, "holder 'nobody' is unknown" in refused.stderr) == (1, True)
        assert refused.stdout == ""
    assert installation.count("bans") == 0
    done = installation("venues", "ban", HOST, installation.holder, "--reason", "noise")
    assert (done.exit_code, installation.count("bans")) == (0, 1)
    assert installation("venues", "ban", HOST, installation.holder, "--reason", "peace", "--lift").exit_code == 0


REASONS = {
    "nothing": ("   ", "say why"),
    "a novel": ("x" * 501, "at most 500 characters, this one 501"),
    "two lines": ("gas\nsmell", "one line of plain text"),
    "a terminal's escape": ("\x1b[2Jgas", "control characters"),
    "a line separator": ("gas\u2028smell", "control characters"),
    "bytes that are no text": ("gas\udcff", "control characters"),
}


@pytest.mark.parametrize(("reason", "said"), REASONS.values(), ids=REASONS)
def test_a_reason_that_nobody_could_read_later_is_refused(installation: Installation, reason: str, said: str) -> None:
    for words in (LOCKDOWN, ("ban", HOST, installation.holder)):
        refused = installation("venues", *words, "--reason", reason)
        assert (refused.exit_code, said in refused.stderr) == (1, True), refused.output
    assert "normal" in installation("venues", "mode", MONTREUIL, "normal", "--reason", "x" * 500).output


def test_a_reason_is_written_as_people_write(installation: Installation) -> None:
    told = installation("venues", *LOCKDOWN, "--reason", "Odeur de gaz\u00a0! « 2ᵉ étage » 👩‍🚒")
    assert (told.exit_code, told.output) == (0, "montreuil is in mode lockdown, number 1.\n")


def test_an_evacuation_asks_once_more(installation: Installation) -> None:
    words = ("mode", MONTREUIL, "evacuate", "--reason", "fire")
    for answer in ("n\n", ""):
        refused = installation("venues", *words, answer=answer)
        assert (refused.exit_code, refused.stdout) == (1, ""), "not told as done"
        assert "Evacuate montreuil" in refused.stderr
    told = installation("venues", *words, answer="y\n")
    assert (told.exit_code, told.stdout) == (0, "montreuil is in mode evacuate, number 1.\n")
    again = installation("venues", *words, "--yes")
    assert (again.exit_code, again.output) == (0, "montreuil is in mode evacuate, number 2.\n")


def test_a_lockdown_asks_nothing(installation: Installation) -> None:
    assert installation("venues", *LOCKDOWN, "--reason", "gas").exit_code == 0


def test_a_venue_is_not_taken_over_by_another_operator(installation: Installation) -> None:
    async def take_over() -> None:
        gateway = await opened(installation.data)
        try:
            await gateway.put_venue(builders.venue(name="Renamed"))
            with pytest.raises(ConflictError, match=r"belongs to FR\*ATL"):
                await gateway.put_venue(builders.venue(operator=HOME))
            known = (await gateway.store.directory()).venues[MONTREUIL]
            assert (known.operator, known.name) == (HOST, "Renamed")
        finally:
            await gateway.close()

    asyncio.run(take_over())


@pytest.mark.parametrize("verb", ["mode", "ban"])
def test_every_verb_shows_an_example_on_a_line_of_its_own(installation: Installation, verb: str) -> None:
    lines = installation("venues", verb, "--help").output.splitlines()
    assert lines[lines.index("  Example:") + 1].startswith(f"    passerelle venues {verb} ")
