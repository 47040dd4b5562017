"""`passerelle visits` and `passerelle statements`: which questions make no sense."""

import pytest

from tests.commands.installation import Installation

NONSENSE: dict[str, tuple[tuple[str, ...], str]] = {
    "visits in two forms": (("visits", "--csv", "--json"), "one of them, not both"),
    "statements in two forms": (("statements", "--json", "--csv"), "one of them, not both"),
    "an empty span": (("visits", "--from", "2026-11-01", "--before", "2026-11-01"), "--from must lie before"),
    "a span backwards": (("visits", "--from", "2026-12-01", "--before", "2026-11-01"), "--from must lie before"),
    "options before the bill": (
        ("statements", "--json", "bill", "--from", "2026-11-01", "--before", "2026-12-01"),
        "write the options behind bill",
    ),
    "a day that is none": (("visits", "--from", "2026-02-30"), "Invalid value for '--from'"),
}


@pytest.mark.parametrize(("words", "said"), NONSENSE.values(), ids=NONSENSE)
def test_a_question_that_makes_no_sense_is_a_usage_error(
    installation: Installation, words: tuple[str, ...], said: str
) -> None:
    refused = installation(*words)
    assert (refused.exit_code, refused.stdout, said in refused.stderr) == (2, "", True), refused.output


def test_the_questions_that_do_are_answered(installation: Installation) -> None:
    assert installation.json("visits", "--from", "2026-11-01", "--before", "2026-11-02") == []
    assert installation("visits", "--csv").output.startswith("visit,state,")
    assert installation("statements", "--csv").output.startswith("home,host,")
