"""Charge records and statements as rows and back, and the digest by which the audit chain vouches for a record."""

import hashlib
import json
from dataclasses import fields
from typing import Any

from gateway.adapters.db.codec import lines_of, lines_text, to_json
from gateway.domain.charges import ChargeRecord
from gateway.domain.statements import Statement

RECORD = tuple(field.name for field in fields(ChargeRecord))
"""A record's columns are its fields, in their order; its seal follows."""
STATEMENT = tuple(field.name for field in fields(Statement))


def record_row(record: ChargeRecord, jws: str) -> dict[str, Any]:
    """The columns of a sealed record."""
    row = {name: getattr(record, name) for name in RECORD}
    return row | {"lines": lines_text(record.lines), "proven_end": int(record.proven_end), "jws": jws}


def record_of(row: tuple[Any, ...]) -> ChargeRecord:
    """The record of a row that begins with `RECORD`."""
    values = dict(zip(RECORD, row, strict=False))
    return ChargeRecord(**values | {"lines": lines_of(values["lines"]), "proven_end": values["proven_end"] == 1})


def record_digest(row: tuple[Any, ...]) -> str:
    """SHA-256, in hex, over a record's columns and its seal as they are stored."""
    return hashlib.sha256(to_json(row).encode()).hexdigest()


def charge_key(host: str, number: int) -> str:
    """The audit chain's key of a record's sealing."""
    return f"charge:{host}#{number}"


def statement_row(statement: Statement, jws: str) -> dict[str, Any]:
    """The columns of a sealed statement."""
    row = {name: getattr(statement, name) for name in STATEMENT}
    return row | {"ranges": to_json(statement.ranges), "jws": jws}


def statement_of(row: tuple[Any, ...]) -> Statement:
    """The statement of a row that begins with `STATEMENT`."""
    values = dict(zip(STATEMENT, row, strict=False))
    ranges = tuple((first, last) for first, last in json.loads(values["ranges"]))
    return Statement(**values | {"ranges": ranges})
