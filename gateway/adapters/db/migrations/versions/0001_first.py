"""The first schema: directory, people, visits, money, and the audit chain."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

DECISIONS = """
CREATE VIEW decisions AS
SELECT coalesce(json_extract(content, '$.scan'), key) AS scan, at_us,
  json_extract(content, '$.venue') AS venue, json_extract(content, '$.door') AS door,
  json_extract(content, '$.host') AS host,
  json_extract(content, '$.direction') AS direction, json_extract(content, '$.outcome') AS outcome,
  json_extract(content, '$.reason') AS reason, json_extract(content, '$.shown') AS shown,
  json_extract(content, '$.issuer') AS issuer, json_extract(content, '$.pass') AS pass,
  json_extract(content, '$.holder') AS holder, json_extract(content, '$.visit') AS visit, seq
FROM events WHERE kind IN ('decision', 'scan_reused')
"""
REPORTS = """
CREATE VIEW reports AS
SELECT at_us, json_extract(content, '$.door') AS door,
  json_extract(content, '$.n') AS n, json_extract(content, '$.kind') AS kind,
  json_extract(content, '$.scan') AS scan, json_extract(content, '$.at_ms') AS at_ms, seq
FROM events WHERE kind = 'report'
"""


def upgrade() -> None:
    """Make every table, the two views for people, and the single rows."""
    _directory()
    _people()
    _visits()
    _money()
    _chain()
    op.execute(DECISIONS)
    op.execute(REPORTS)
    op.execute("INSERT INTO directory_version (id, version) VALUES (1, 0)")
    zeros = sa.bindparam("zeros", bytes(32), sa.LargeBinary)
    op.execute(sa.text("INSERT INTO chain_head (id, seq, hash) VALUES (1, 0, :zeros)").bindparams(zeros))


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]


def _numbers(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.Integer(), nullable=False) for name in names]


def _bigs(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, BIG, autoincrement=False, nullable=False) for name in names]


def _bytes(*names: str) -> list[sa.Column[bytes]]:
    return [sa.Column(name, sa.LargeBinary(), nullable=False) for name in names]


def _one_row() -> sa.Column[int]:
    return sa.Column("id", sa.Integer(), sa.CheckConstraint("id = 1", name="one_row"), nullable=False)


def _refers(column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [to])


def _partial(name: str, table: str, columns: list[str], where: str) -> None:
    condition = sa.text(where)
    op.create_index(name, table, columns, sqlite_where=condition, postgresql_where=condition)


def _directory() -> None:
    op.create_table("operators", *_texts("id", "name", "state", "legal"), sa.PrimaryKeyConstraint("id"))
    op.create_table(
        "venues",
        *_texts("id", "operator", "name", "time_zone", "hours", "tariff"),
        sa.Column("capacity", sa.Integer()),
        *_texts("mode"),
        *_numbers("mode_number"),
        *_texts("mode_reason"),
        *_numbers("passback_grace_s", "reentry_grace_s", "capped_default_s", "forgotten_after_s"),
        sa.PrimaryKeyConstraint("id"),
        _refers("operator", "operators.id"),
    )
    op.create_table(
        "zones",
        *_texts("venue", "id"),
        *_numbers("service"),
        *_texts("anti_passback"),
        sa.Column("capacity", sa.Integer()),
        sa.PrimaryKeyConstraint("venue", "id"),
        _refers("venue", "venues.id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "doors",
        *_texts("venue", "id", "zone", "direction"),
        *_numbers("open_s"),
        sa.Column("event_key", sa.LargeBinary()),
        *_texts("credential_hash"),
        *_bigs("journal_n"),
        *_bytes("journal_hash"),
        sa.PrimaryKeyConstraint("venue", "id"),
        sa.ForeignKeyConstraint(["venue", "zone"], ["zones.venue", "zones.id"]),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "plans",
        *_texts("operator", "id"),
        *_numbers("services", "roaming"),
        sa.Column("hours", sa.Text()),
        *_numbers("any_hour"),
        *_texts("allow_mode"),
        sa.PrimaryKeyConstraint("operator", "id"),
        _refers("operator", "operators.id"),
        sqlite_with_rowid=False,
    )
    op.create_table("directory_version", _one_row(), *_bigs("version"), sa.PrimaryKeyConstraint("id"))


def _people() -> None:
    op.create_table(
        "holders",
        *_texts("id", "home", "alias"),
        sa.PrimaryKeyConstraint("id"),
        _refers("home", "operators.id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "members",
        *_texts("operator", "external_id", "holder", "plan", "standing"),
        sa.PrimaryKeyConstraint("holder"),
        sa.UniqueConstraint("operator", "external_id", name="members_number"),
        _refers("operator", "operators.id"),
        _refers("holder", "holders.id"),
        sa.ForeignKeyConstraint(["operator", "plan"], ["plans.operator", "plans.id"]),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "passes",
        *_texts("issuer", "id", "holder", "home"),
        *_numbers("kind", "services"),
        *_bigs("not_before_s", "expires_s"),
        *_texts("audience"),
        *_numbers("status_index"),
        sa.Column("holder_key", sa.LargeBinary()),
        *_texts("form"),
        sa.Column("plan", sa.Text()),
        *_texts("standing"),
        sa.Column("uses_left", sa.Integer()),
        sa.PrimaryKeyConstraint("issuer", "id"),
        sa.CheckConstraint("uses_left >= 0", name="passes_uses_left"),
        _refers("issuer", "operators.id"),
        _refers("holder", "holders.id"),
        sa.ForeignKeyConstraint(["issuer", "plan"], ["plans.operator", "plans.id"]),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "bans",
        *_texts("holder", "host", "reason", "set_by"),
        *_bigs("at_us"),
        sa.PrimaryKeyConstraint("holder", "host"),
        _refers("host", "operators.id"),
        sqlite_with_rowid=False,
    )


def _visits() -> None:
    op.create_table(
        "presences",
        *_texts("holder", "venue", "zone"),
        *_bigs("since_us"),
        *_texts("visit"),
        *_bigs("started_us"),
        sa.PrimaryKeyConstraint("holder"),
        sqlite_with_rowid=False,
    )
    op.create_index("passes_status_index", "passes", ["issuer", "status_index"])
    op.create_index("presences_inside", "presences", ["venue", "zone", "started_us"])
    op.create_table(
        "proofs",
        *_bigs("proof_s"),
        *_texts("issuer", "pass", "door"),
        sa.PrimaryKeyConstraint("proof_s", "issuer", "pass", "door"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "visits",
        *_texts("id", "holder", "home", "host", "venue", "door", "pass_issuer", "pass_id"),
        sa.Column("plan", sa.Text()),
        *_texts("tariff"),
        *_numbers("capped_default_s"),
        *_texts("state"),
        *_bigs("started_us"),
        *_texts("credential"),
        sa.Column("ended_us", BIG),
        sa.Column("ending", sa.Text()),
        sa.Column("resumed_us", BIG),
        sa.Column("resumed_ending", sa.Text()),
        *_numbers("passback"),
        sa.Column("opened_jws", sa.Text()),
        sa.Column("last_entry", sa.Text()),
        sa.Column("sealed_us", BIG),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("visits_started", "visits", ["started_us"])
    _partial("visits_open", "visits", ["started_us"], "state IN ('PENDING', 'ACTIVE')")
    left = "state = 'COMPLETED' AND sealed_us IS NULL"
    _partial("visits_left", "visits", ["holder", "venue", "ended_us"], left)
    _partial("visits_to_seal", "visits", ["host", "ended_us"], f"{left} AND opened_jws IS NOT NULL")


def _money() -> None:
    op.create_table(
        "statements",
        *_numbers("id"),
        *_texts("home", "host"),
        *_bigs("from_us", "before_us"),
        *_texts("currency", "ranges"),
        *_numbers("count"),
        *_texts("records_sha256"),
        *_bigs("net_cents", "vat_cents", "total_cents", "issued_us"),
        *_texts("jws"),
        sa.PrimaryKeyConstraint("id"),
        _refers("home", "operators.id"),
        _refers("host", "operators.id"),
    )
    op.create_index("statements_pair", "statements", ["host", "home", "from_us"])
    op.create_table(
        "charge_records",
        *_texts("host"),
        *_bigs("number"),
        *_texts("home", "visit", "venue"),
        *_bigs("started_us", "ended_us", "billable_s"),
        *_numbers("proven_end"),
        *_texts("tariff_id", "currency", "lines"),
        *_bigs("net_cents", "vat_cents", "total_cents"),
        *_texts("pass_sha256", "outcome_sha256"),
        *_bigs("sealed_us"),
        *_texts("jws"),
        sa.Column("statement", sa.Integer()),
        sa.PrimaryKeyConstraint("host", "number"),
        sa.UniqueConstraint("visit"),
        _refers("host", "operators.id"),
        _refers("home", "operators.id"),
        _refers("visit", "visits.id"),
        _refers("statement", "statements.id"),
    )
    _partial("charge_records_unbilled", "charge_records", ["home", "host", "ended_us"], "statement IS NULL")
    op.create_table(
        "ledger_entries",
        *_texts("host"),
        *_bigs("number"),
        *_texts("account", "counterparty"),
        *_bigs("amount_minor"),
        *_texts("currency"),
        *_bigs("at_us"),
        sa.PrimaryKeyConstraint("host", "number", "account"),
        _refers("account", "operators.id"),
        _refers("counterparty", "operators.id"),
        sa.ForeignKeyConstraint(["host", "number"], ["charge_records.host", "charge_records.number"]),
        sqlite_with_rowid=False,
    )


def _chain() -> None:
    op.create_table(
        "events",
        *_bigs("seq"),
        *_texts("kind", "key"),
        *_bigs("at_us"),
        sa.Column("content", sa.Text()),
        sa.Column("salt", sa.LargeBinary()),
        *_bytes("digest", "hash"),
        sa.PrimaryKeyConstraint("seq"),
        sa.UniqueConstraint("key"),
    )
    op.create_table("chain_head", _one_row(), *_bigs("seq"), *_bytes("hash"), sa.PrimaryKeyConstraint("id"))
    op.create_table(
        "chain_roots", *_bigs("seq"), *_bytes("hash"), *_bigs("at_us"), *_texts("jws"), sa.PrimaryKeyConstraint("seq")
    )
