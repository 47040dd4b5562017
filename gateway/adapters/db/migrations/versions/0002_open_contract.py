"""The open contract: when each row last changed, tokens, remembered answers, webhooks.

Rows that exist are numbered by the audit lines about them. Lines of doors may be purged, so that visits take the
numbers up to the chain's head in the order of their last known change.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

LISTED = {
    "operators": (),
    "venues": (),
    "doors": (),
    "plans": (),
    "holders": ("home",),
    "members": ("operator",),
    "passes": ("issuer",),
    "bans": ("host",),
    "visits": ("host", "home"),
    "charge_records": ("host", "home"),
    "statements": ("host", "home"),
}
"""Tables that are listed by their last change, and the columns of those who may see a row."""

TOLD = {
    "operators": (("operator_added", "operator_set"), "$.operator", "id"),
    "venues": (("venue_put", "mode_set"), "$.venue", "id"),
    "doors": (("door_put", "event_key_set"), "$.door", "venue || '/' || id"),
    "plans": (("plan_put",), "$.operator $.id", "operator || ' ' || id"),
    "holders": (("holder_added",), "$.holder", "id"),
    "members": (("member_put",), "$.holder", "holder"),
    "passes": (("pass_issued", "pass_standing", "use_given_back"), "$.issuer $.pass", "issuer || ' ' || id"),
    "bans": (("ban_set",), "$.host $.holder", "host || ' ' || holder"),
}
"""For each table: the kinds of its audit lines, what in their content names the row, and the same of the row."""


def upgrade() -> None:
    """Add the columns, number what exists, then index it; make the tables of partners."""
    for table in LISTED:
        for name in ("changed_seq", "changed_us"):
            op.add_column(table, sa.Column(name, BIG, nullable=False, server_default=sa.text("0")))
    for table in TOLD:
        _number_as_told(table)
    _number_charges()
    _number_in_order("statements", "issued_us", "id")
    _number_in_order("visits", "max(started_us, coalesce(ended_us, 0), coalesce(sealed_us, 0))", "started_us, id")
    for table, parties in LISTED.items():
        _index(table, parties)
    _index_the_rest()
    _partners()


def _number_as_told(table: str) -> None:
    """By the last audit line about each row."""
    kinds, paths, key = TOLD[table]
    named = " || ' ' || ".join(f"json_extract(content, '{path}')" for path in paths.split())
    listed = ", ".join(f"'{kind}'" for kind in kinds)
    op.execute(
        "CREATE TEMPORARY TABLE told AS "  # noqa: S608 - constants
        f"SELECT {named} AS about, max(seq) AS seq, max(at_us) AS at_us "
        f"FROM events WHERE kind IN ({listed}) GROUP BY about"
    )
    op.execute("CREATE INDEX temp.told_about ON told (about)")
    # a row without a line is none of ours, and is listed first all the same
    for column, found, otherwise in (("changed_seq", "seq", 1), ("changed_us", "at_us", 0)):
        op.execute(
            f"UPDATE {table} SET {column} = "  # noqa: S608 - constants
            f"coalesce((SELECT {found} FROM told WHERE about = {key}), {otherwise})"
        )
    op.execute("DROP TABLE told")


def _number_charges() -> None:
    """A record is sealed once, under a key of its own."""
    line = "FROM events WHERE key = 'charge:' || charge_records.host || '#' || charge_records.number"
    op.execute(
        f"UPDATE charge_records SET changed_us = sealed_us, changed_seq = coalesce((SELECT seq {line}), 1)"  # noqa: S608 - constants
    )


def _number_in_order(table: str, changed_us: str, then: str) -> None:
    """The last so many numbers of the chain: every row has a line of its own there, even if purged."""
    op.execute(f"UPDATE {table} SET changed_us = {changed_us}")  # noqa: S608 - constants
    op.execute(
        "CREATE TEMPORARY TABLE told AS "  # noqa: S608 - constants
        f"SELECT id AS about, row_number() OVER (ORDER BY changed_us, {then}) AS place FROM {table}"
    )
    op.execute("CREATE INDEX temp.told_about ON told (about)")
    op.execute(
        f"UPDATE {table} SET changed_seq = max(1, (SELECT seq FROM chain_head) - "  # noqa: S608 - constants
        f"(SELECT count(*) FROM told) + (SELECT place FROM told WHERE about = {table}.id))"
    )
    op.execute("DROP TABLE told")


def _index(table: str, parties: tuple[str, ...]) -> None:
    changed = ["changed_seq", "changed_us"]
    op.create_index(f"{table}_changed", table, changed)
    if parties:
        op.create_index(f"{table}_{parties[0]}", table, [parties[0], *changed])
    if len(parties) > 1:
        # a row whose parties are one is found by its host
        away = sa.text("home <> host")
        op.create_index(f"{table}_home", table, ["home", *changed, "host"], sqlite_where=away, postgresql_where=away)


def _index_the_rest() -> None:
    not_valid = sa.text("standing <> 'valid'")
    for name, table, columns in (
        ("members_not_valid", "members", ["operator", "holder"]),
        ("passes_not_valid", "passes", ["issuer", "expires_s"]),
    ):
        op.create_index(name, table, columns, sqlite_where=not_valid, postgresql_where=not_valid)
    op.create_index("passes_holder", "passes", ["holder"])
    op.create_index("charge_records_statement", "charge_records", ["statement", "changed_seq", "changed_us"])


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]


def _bigs(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, BIG, nullable=False) for name in names]


def _changed() -> list[sa.Column[int]]:
    zero = sa.text("0")
    return [sa.Column(name, BIG, nullable=False, server_default=zero) for name in ("changed_seq", "changed_us")]


def _partners() -> None:
    _tokens()
    _idempotency_keys()
    _webhooks()
    _deliveries()
    op.create_table(
        "webhook_cursor",
        sa.Column("id", sa.Integer(), sa.CheckConstraint("id = 1", name="one_row"), nullable=False),
        *_bigs("seq"),
        sa.PrimaryKeyConstraint("id"),
    )
    # what happened before there was a webhook is nobody's news
    op.execute("INSERT INTO webhook_cursor (id, seq) SELECT 1, seq FROM chain_head")


def _tokens() -> None:
    op.create_table(
        "tokens",
        *_texts("id"),
        sa.Column("operator", sa.Text()),
        *_texts("name", "scopes"),
        sa.Column("secret_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("expires_us", BIG),
        sa.Column("revoked_us", BIG),
        *_bigs("created_us"),
        *_changed(),
        sa.PrimaryKeyConstraint("id"),
        sa.ForeignKeyConstraint(["operator"], ["operators.id"]),
        sqlite_with_rowid=False,
    )
    op.create_index("tokens_operator", "tokens", ["operator", "changed_seq", "changed_us"])
    op.create_index("tokens_changed", "tokens", ["changed_seq", "changed_us"])
    live = sa.text("revoked_us IS NULL")
    op.create_index("tokens_live", "tokens", ["operator", "expires_us"], sqlite_where=live, postgresql_where=live)


def _idempotency_keys() -> None:
    op.create_table(
        "idempotency_keys",
        *_texts("caller", "key", "route"),
        sa.Column("body_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("answer", sa.LargeBinary(), nullable=False),
        *_bigs("at_us"),
        sa.PrimaryKeyConstraint("caller", "key"),
        sqlite_with_rowid=False,
    )
    op.create_index("idempotency_keys_at", "idempotency_keys", ["at_us"])


def _webhooks() -> None:
    op.create_table(
        "webhooks",
        *_texts("id", "operator", "url", "events", "description"),
        sa.Column("secret_sealed", sa.LargeBinary(), nullable=False),
        *_texts("state"),
        sa.Column("failing_us", BIG),
        *_bigs("created_us"),
        *_changed(),
        sa.PrimaryKeyConstraint("id"),
        sa.ForeignKeyConstraint(["operator"], ["operators.id"]),
        sqlite_with_rowid=False,
    )
    op.create_index("webhooks_operator", "webhooks", ["operator", "changed_seq", "changed_us"])


def _deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column("seq", BIG, primary_key=True, nullable=False),
        *_texts("webhook", "event", "type", "body", "state"),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_us", BIG),
        sa.Column("last_status", sa.Integer()),
        sa.Column("last_error", sa.Text()),
        *_bigs("made_us"),
        sa.Column("done_us", BIG),
        sa.UniqueConstraint("webhook", "event", name="deliveries_once"),
        sa.ForeignKeyConstraint(["webhook"], ["webhooks.id"]),
        sqlite_autoincrement=True,
    )
    op.create_index("deliveries_due", "deliveries", ["state", "next_us"])
    op.create_index("deliveries_of", "deliveries", ["webhook", "state", "next_us"])
    op.create_index("deliveries_done", "deliveries", ["done_us"])
