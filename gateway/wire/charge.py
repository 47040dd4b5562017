"""Charge records and statements as they are sealed: one compact JWS each, by the host's `partner` key."""

import dataclasses
import json
from typing import Any

from gateway.domain.charges import ChargeRecord
from gateway.domain.statements import Statement

CHARGE = "pw-charge+jwt"
STATEMENT = "pw-statement+jwt"


def encode_charge(record: ChargeRecord) -> bytes:
    """The record's JSON, compact: `iss` is the host, `sub` host/number; amounts in minor units."""
    claims: dict[str, Any] = {"iss": record.host, "sub": f"{record.host}/{record.number}"}
    return _compact(claims | dataclasses.asdict(record))


def encode_statement(statement: Statement) -> bytes:
    """The statement's JSON, compact: `iss` is the host, `aud` the home; amounts in minor units."""
    claims: dict[str, Any] = {"iss": statement.host, "aud": statement.home}
    return _compact(claims | dataclasses.asdict(statement))


def _compact(claims: dict[str, Any]) -> bytes:
    return json.dumps(claims, separators=(",", ":"), ensure_ascii=False).encode()
