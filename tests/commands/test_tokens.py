"""`passerelle tokens`: what is made speaks for its operator, is told once, and counts no more once revoked."""

import asyncio

import pytest

from gateway.application.errors import UnauthorizedError
from gateway.domain.access import COOPERATIVE_ONLY, ROLES, Caller, Role, Scope
from tests.builders import HOME
from tests.commands.installation import Installation, opened

BILLING = ("--operator", HOME, "--name", "accounts", "--role", "billing")


def speaks_for(installation: Installation, text: str) -> Caller:
    async def ask() -> Caller:
        gateway = await opened(installation.data)
        try:
            return await gateway.recognise(text)
        finally:
            await gateway.close()

    return asyncio.run(ask())


MADE: dict[str, tuple[tuple[str, ...], str | None, frozenset[Scope]]] = {
    "a role of an operator": (BILLING, HOME, ROLES[Role.BILLING]),
    "scopes of an operator": (
        ("--operator", HOME, "--name", "x", "--scope", "doors:read", "--scope", "visits:read"),
        HOME,
        frozenset({Scope.DOORS_READ, Scope.VISITS_READ}),
    ),
    "the cooperative's admin": (("--name", "x", "--role", "admin"), None, ROLES[Role.ADMIN] | COOPERATIVE_ONLY),
    "the cooperative's reader": (("--name", "x", "--role", "reader"), None, ROLES[Role.READER]),
}


@pytest.mark.parametrize(("words", "operator", "scopes"), MADE.values(), ids=list(MADE))
def test_what_is_made_speaks_for_whom_it_was_made_for(
    installation: Installation, words: tuple[str, ...], operator: str | None, scopes: frozenset[Scope]
) -> None:
    caller = speaks_for(installation, installation.json("tokens", "add", *words)["text"])
    assert (caller.operator, caller.scopes) == (operator, scopes)


def test_it_is_told_alone_on_standard_output_and_never_listed(installation: Installation) -> None:
    text = installation("tokens", "add", *BILLING).stdout.strip()
    assert speaks_for(installation, text).operator == HOME
    secret = text.rpartition("_")[2]
    assert secret not in installation("tokens", "list", "--json").stdout
    assert secret.encode() not in (installation.data / "passerelle.db").read_bytes()


def test_a_revoked_one_counts_no_more(installation: Installation) -> None:
    made = installation.json("tokens", "add", *BILLING)
    assert installation("tokens", "revoke", made["token"]).exit_code == 0
    with pytest.raises(UnauthorizedError):
        speaks_for(installation, made["text"])
    (row,) = installation.json("tokens", "list", "--operator", HOME)
    assert (row["token"], row["state"]) == (made["token"], "revoked")


MISTAKES: dict[str, tuple[tuple[str, ...], int, str]] = {
    "neither role nor scope": (("add", "--name", "x"), 2, "--role, or --scope"),
    "both": (("add", "--name", "x", "--role", "desk", "--scope", "doors:read"), 2, "--role, or --scope"),
    "an operator nobody knows": (("add", "--operator", "FR*ZZZ", "--name", "x", "--role", "desk"), 1, "FR*ZZZ"),
    "a cooperative's scope for an operator": (
        ("add", "--operator", HOME, "--name", "x", "--scope", "operators:write"),
        1,
        "the cooperative's own",
    ),
    "an end that has passed": (
        ("add", "--operator", HOME, "--name", "x", "--role", "desk", "--expires", "2020-01-01"),
        1,
        "has passed",
    ),
    "a name of two lines": (
        ("add", "--operator", HOME, "--name", "a\nb", "--role", "desk"),
        1,
        "one line of plain text",
    ),
    "a token nobody has": (("revoke", "aaaaaaaaaaaa"), 1, "there is no token aaaaaaaaaaaa"),
}


@pytest.mark.parametrize(("words", "code", "said"), MISTAKES.values(), ids=list(MISTAKES))
def test_a_mistake_is_told_in_a_line(installation: Installation, words: tuple[str, ...], code: int, said: str) -> None:
    refused = installation("tokens", *words)
    assert (refused.exit_code, said in refused.stderr) == (code, True), refused.output


def test_a_token_that_was_found_is_revoked_by_its_text_which_is_not_said_again(installation: Installation) -> None:
    made = installation.json("tokens", "add", *BILLING)
    revoked = installation("tokens", "revoke", made["text"])
    assert (revoked.exit_code, revoked.output) == (0, f"{made['token']} counts no more.\n")
    with pytest.raises(UnauthorizedError):
        speaks_for(installation, made["text"])
    unknown = installation("tokens", "revoke", "pwt_aaaaaaaaaaaa_" + "s" * 43)
    assert (unknown.exit_code, "there is no token aaaaaaaaaaaa " in unknown.output) == (1, True), unknown.output
