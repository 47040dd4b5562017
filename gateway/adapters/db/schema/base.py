"""What every table shares: the metadata, 64-bit numbers, and the two columns that say when a row last changed."""

from sqlalchemy import BigInteger, Column, Integer, MetaData, text

metadata = MetaData()

Big = BigInteger().with_variant(Integer(), "sqlite")
"""64 bits on both; SQLite wants the plain word for a row id."""

AWAY = text("home <> host")
"""Rows whose two parties differ. A party's rows are those it hosts and, apart from them, those it is only home to."""


def changed() -> tuple[Column[int], Column[int]]:
    """Number and instant of the audit line of a row's last change.

    One writer chains at a time, so that these numbers grow in the order of commits: whoever has read all rows
    up to one has missed none.
    """
    zero = text("0")
    return (
        Column("changed_seq", Big, nullable=False, server_default=zero),
        Column("changed_us", Big, nullable=False, server_default=zero),
    )
