"""The pass as a bearer's token: claims by exact type, and a short life."""

import json
from dataclasses import replace
from typing import Any

import pytest

from keys import strict_json, token
from keys.faults import BadClaims, BadForm
from keys.pass_fields import DAY, VISITOR, PassFields
from tests.keys.scene import HOLDER, NOW_S, TOKEN_FIELDS, A, uri

GOOD = json.loads(token.encode_token(TOKEN_FIELDS, A, NOW_S))


def read(claims: dict[str, Any]) -> tuple[PassFields, str, int]:
    """As the gateway reads it."""
    fields, issuer, iat_s = token.read_token(strict_json.loads(json.dumps(claims).encode()))
    token.check_token(fields, iat_s)
    return fields, issuer, iat_s


def test_a_token_is_read_back() -> None:
    assert read(GOOD) == (TOKEN_FIELDS, A, NOW_S)
    two = replace(TOKEN_FIELDS, audience=("lyon", "montreuil"))
    assert read(json.loads(token.encode_token(two, A, NOW_S)))[0] == two


def test_it_names_its_list_for_other_software_and_nobody_in_person() -> None:
    claims = json.loads(token.encode_token(TOKEN_FIELDS, A, NOW_S, uri(A)))
    assert claims["status"] == {"status_list": {"idx": 9, "uri": uri(A)}}
    assert claims["sub"] == claims["jti"] == TOKEN_FIELDS.id
    assert read(claims)[0] == TOKEN_FIELDS


def test_members_that_are_not_known_are_ignored() -> None:
    assert read(GOOD | {"nonce": "x", "v": 2})[0] == TOKEN_FIELDS


MISSING = ["iss", "sub", "aud", "exp", "nbf", "iat", "jti", "kind", "services", "status"]


@pytest.mark.parametrize("name", MISSING)
def test_every_claim_is_required(name: str) -> None:
    with pytest.raises(BadClaims):
        read({member: value for member, value in GOOD.items() if member != name})


WRONG: dict[str, dict[str, Any]] = {
    "exp as text": {"exp": str(NOW_S + 600)},
    "exp as a float": {"exp": NOW_S + 600.0},
    "exp 1e30": {"exp": 1e30},
    "exp 10^30": {"exp": 10**30},
    "exp as a boolean": {"exp": True},
    "exp null": {"exp": None},
    "exp in the past of nbf": {"exp": NOW_S - 61},
    "exp negative": {"exp": -1},
    "nbf as text": {"nbf": "0"},
    "nbf negative": {"nbf": -1},
    "iat as a float": {"iat": 1.5},
    "iat negative": {"iat": -1},
    "iat at its end": {"iat": NOW_S + 600},
    "iat beyond all time": {"iat": 2**40},
    "jti as a number": {"jti": 7},
    "jti empty": {"jti": ""},
    "jti too short": {"jti": "abc"},
    "jti too long": {"jti": "a" * 65},
    "jti with a line end": {"jti": "token-0001\n"},
    "sub empty": {"sub": ""},
    "sub as a number": {"sub": 1},
    "iss empty": {"iss": ""},
    "iss as a list": {"iss": [A]},
    "iss too long": {"iss": "F" * 17},
    "aud empty": {"aud": ""},
    "aud an empty list": {"aud": []},
    "aud a list of lists": {"aud": [["lyon"]]},
    "aud three": {"aud": ["a", "b", "c"]},
    "aud twice the same": {"aud": ["lyon", "lyon"]},
    "aud everybody": {"aud": "*"},
    "kind as a boolean": {"kind": False},
    "kind unknown": {"kind": 3},
    "services as text": {"services": "1"},
    "services too many": {"services": 65536},
    "status as text": {"status": "9"},
    "status without list": {"status": {}},
    "index as text": {"status": {"status_list": {"idx": "9"}}},
    "index negative": {"status": {"status_list": {"idx": -1}}},
    "index as a float": {"status": {"status_list": {"idx": 9.0}}},
    "bound to a key by thumbprint": {"cnf": {"jkt": "x"}},
    "bound to a key, null": {"cnf": None},
    "a member's, of sixteen minutes": {"nbf": NOW_S - 360, "exp": NOW_S + 600},
    "a day's, of sixteen minutes": {"kind": DAY, "nbf": NOW_S - 360, "exp": NOW_S + 600},
    "a visitor's, of 367 days": {"kind": VISITOR, "exp": NOW_S + 367 * 86_400},
}


@pytest.mark.parametrize("change", WRONG.values(), ids=WRONG.keys())
def test_a_claim_that_is_not_exactly_so_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises((BadClaims, BadForm)):
        read(GOOD | change)


def test_a_visitors_token_lives_as_long_as_the_window() -> None:
    long = replace(TOKEN_FIELDS, kind=VISITOR, expires_s=NOW_S + 5 * 86_400)
    assert read(json.loads(token.encode_token(long, A, NOW_S)))[0] == long


def test_fifteen_minutes_are_allowed_to_the_second() -> None:
    longest = replace(TOKEN_FIELDS, expires_s=TOKEN_FIELDS.not_before_s + 900)
    assert read(json.loads(token.encode_token(longest, A, NOW_S)))[0] == longest


def test_a_token_that_no_door_would_take_is_not_encoded() -> None:
    for wrong in ({"expires_s": NOW_S + 3600}, {"holder_key": HOLDER.public}, {"audience": ()}):
        with pytest.raises(BadClaims):
            token.encode_token(replace(TOKEN_FIELDS, **wrong), A, NOW_S)
