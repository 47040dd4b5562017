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
    op.execute(
        sa.text("INSERT INTO chain_head (id, seq, hash) VALUES (1, 0, :zeros)").bindparams(
            sa.bindparam("zeros", bytes(32), sa.LargeBinary)
        )
    )


def _directory() -> None:
    op.create_table(
        "operators",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("legal", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "venues",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("operator", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("hours", sa.Text(), nullable=False),
        sa.Column("tariff", sa.Text(), nullable=False),
        sa.Column("capacity", sa.Integer()),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("mode_number", sa.Integer(), nullable=False),
        sa.Column("mode_reason", sa.Text(), nullable=False),
        sa.Column("passback_grace_s", sa.Integer(), nullable=False),
        sa.Column("reentry_grace_s", sa.Integer(), nullable=False),
        sa.Column("capped_default_s", sa.Integer(), nullable=False),
        sa.Column("forgotten_after_s", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["operator"], ["operators.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "zones",
        sa.Column("venue", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("service", sa.Integer(), nullable=False),
        sa.Column("anti_passback", sa.Text(), nullable=False),
        sa.Column("capacity", sa.Integer()),
        sa.ForeignKeyConstraint(["venue"], ["venues.id"]),
        sa.PrimaryKeyConstraint("venue", "id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "doors",
        sa.Column("venue", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("open_s", sa.Integer(), nullable=False),
        sa.Column("event_key", sa.LargeBinary()),
        sa.Column("credential_hash", sa.Text(), nullable=False),
        sa.Column("journal_n", BIG, nullable=False),
        sa.Column("journal_hash", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["venue", "zone"], ["zones.venue", "zones.id"]),
        sa.PrimaryKeyConstraint("venue", "id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "plans",
        sa.Column("operator", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("services", sa.Integer(), nullable=False),
        sa.Column("roaming", sa.Integer(), nullable=False),
        sa.Column("hours", sa.Text()),
        sa.Column("any_hour", sa.Integer(), nullable=False),
        sa.Column("allow_mode", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["operator"], ["operators.id"]),
        sa.PrimaryKeyConstraint("operator", "id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "directory_version",
        sa.Column("id", sa.Integer(), sa.CheckConstraint("id = 1", name="one_row"), nullable=False),
        sa.Column("version", BIG, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )


def _people() -> None:
    op.create_table(
        "holders",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("home", sa.Text(), nullable=False),
        sa.Column("alias", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["home"], ["operators.id"]),
        sa.PrimaryKeyConstraint("id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "members",
        sa.Column("operator", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("plan", sa.Text(), nullable=False),
        sa.Column("standing", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["holder"], ["holders.id"]),
        sa.ForeignKeyConstraint(["operator", "plan"], ["plans.operator", "plans.id"]),
        sa.ForeignKeyConstraint(["operator"], ["operators.id"]),
        sa.PrimaryKeyConstraint("operator", "external_id"),
        sa.UniqueConstraint("holder", name="members_holder"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "passes",
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("kind", sa.Integer(), nullable=False),
        sa.Column("services", sa.Integer(), nullable=False),
        sa.Column("not_before_s", BIG, nullable=False),
        sa.Column("expires_s", BIG, nullable=False),
        sa.Column("audience", sa.Text(), nullable=False),
        sa.Column("status_index", sa.Integer(), nullable=False),
        sa.Column("holder_key", sa.LargeBinary()),
        sa.Column("form", sa.Text(), nullable=False),
        sa.Column("plan", sa.Text()),
        sa.Column("standing", sa.Text(), nullable=False),
        sa.Column("uses_left", sa.Integer()),
        sa.CheckConstraint("uses_left >= 0", name="passes_uses_left"),
        sa.ForeignKeyConstraint(["holder"], ["holders.id"]),
        sa.ForeignKeyConstraint(["issuer", "plan"], ["plans.operator", "plans.id"]),
        sa.ForeignKeyConstraint(["issuer"], ["operators.id"]),
        sa.CheckConstraint("uses_left >= 0", name="passes_uses_left"),
        sa.PrimaryKeyConstraint("issuer", "id"),
        sa.UniqueConstraint("issuer", "status_index", name="passes_status_index"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "bans",
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("set_by", sa.Text(), nullable=False),
        sa.Column("at_us", BIG, nullable=False),
        sa.ForeignKeyConstraint(["host"], ["operators.id"]),
        sa.PrimaryKeyConstraint("holder", "host"),
        sqlite_with_rowid=False,
    )


def _visits() -> None:
    op.create_table(
        "presences",
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("venue", sa.Text(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("since_us", BIG, nullable=False),
        sa.Column("visit", sa.Text(), nullable=False),
        sa.Column("started_us", BIG, nullable=False),
        sa.PrimaryKeyConstraint("holder"),
    )
    op.create_index("presences_inside", "presences", ["venue", "zone", "started_us"])
    op.create_table(
        "proofs",
        sa.Column("proof_s", BIG, nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("pass", sa.Text(), nullable=False),
        sa.Column("door", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("proof_s", "issuer", "pass", "door"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "visits",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("home", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("venue", sa.Text(), nullable=False),
        sa.Column("door", sa.Text(), nullable=False),
        sa.Column("pass_issuer", sa.Text(), nullable=False),
        sa.Column("pass_id", sa.Text(), nullable=False),
        sa.Column("plan", sa.Text()),
        sa.Column("tariff", sa.Text(), nullable=False),
        sa.Column("capped_default_s", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("started_us", BIG, nullable=False),
        sa.Column("credential", sa.Text(), nullable=False),
        sa.Column("ended_us", BIG),
        sa.Column("ending", sa.Text()),
        sa.Column("resumed_us", BIG),
        sa.Column("resumed_ending", sa.Text()),
        sa.Column("passback", sa.Integer(), nullable=False),
        sa.Column("opened_jws", sa.Text()),
        sa.Column("last_entry", sa.Text()),
        sa.Column("sealed_us", BIG),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "visits_left",
        "visits",
        ["holder", "venue", "ended_us"],
        unique=False,
        sqlite_where=sa.text("state = 'COMPLETED' AND sealed_us IS NULL"),
        postgresql_where=sa.text("state = 'COMPLETED' AND sealed_us IS NULL"),
    )
    op.create_index(
        "visits_open",
        "visits",
        ["started_us"],
        unique=False,
        sqlite_where=sa.text("state IN ('PENDING', 'ACTIVE')"),
        postgresql_where=sa.text("state IN ('PENDING', 'ACTIVE')"),
    )
    op.create_index("visits_started", "visits", ["started_us"])
    op.create_index(
        "visits_to_seal",
        "visits",
        ["ended_us"],
        unique=False,
        sqlite_where=sa.text("state = 'COMPLETED' AND sealed_us IS NULL AND opened_jws IS NOT NULL"),
        postgresql_where=sa.text("state = 'COMPLETED' AND sealed_us IS NULL AND opened_jws IS NOT NULL"),
    )


def _money() -> None:
    op.create_table(
        "statements",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("home", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("from_us", BIG, nullable=False),
        sa.Column("before_us", BIG, nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("ranges", sa.Text(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("records_sha256", sa.Text(), nullable=False),
        sa.Column("net_cents", BIG, nullable=False),
        sa.Column("vat_cents", BIG, nullable=False),
        sa.Column("total_cents", BIG, nullable=False),
        sa.Column("issued_us", BIG, nullable=False),
        sa.Column("jws", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["home"], ["operators.id"]),
        sa.ForeignKeyConstraint(["host"], ["operators.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("statements_pair", "statements", ["host", "home", "from_us"])
    op.create_table(
        "charge_records",
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("number", BIG, nullable=False),
        sa.Column("home", sa.Text(), nullable=False),
        sa.Column("visit", sa.Text(), nullable=False),
        sa.Column("venue", sa.Text(), nullable=False),
        sa.Column("started_us", BIG, nullable=False),
        sa.Column("ended_us", BIG, nullable=False),
        sa.Column("billable_s", BIG, nullable=False),
        sa.Column("proven_end", sa.Integer(), nullable=False),
        sa.Column("tariff_id", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("lines", sa.Text(), nullable=False),
        sa.Column("net_cents", BIG, nullable=False),
        sa.Column("vat_cents", BIG, nullable=False),
        sa.Column("total_cents", BIG, nullable=False),
        sa.Column("pass_sha256", sa.Text(), nullable=False),
        sa.Column("outcome_sha256", sa.Text(), nullable=False),
        sa.Column("sealed_us", BIG, nullable=False),
        sa.Column("jws", sa.Text(), nullable=False),
        sa.Column("statement", sa.Integer()),
        sa.ForeignKeyConstraint(["home"], ["operators.id"]),
        sa.ForeignKeyConstraint(["host"], ["operators.id"]),
        sa.ForeignKeyConstraint(["statement"], ["statements.id"]),
        sa.ForeignKeyConstraint(["visit"], ["visits.id"]),
        sa.PrimaryKeyConstraint("host", "number"),
        sa.UniqueConstraint("visit"),
    )
    op.create_index(
        "charge_records_unbilled",
        "charge_records",
        ["home", "host", "ended_us"],
        unique=False,
        sqlite_where=sa.text("statement IS NULL"),
        postgresql_where=sa.text("statement IS NULL"),
    )
    op.create_table(
        "ledger_entries",
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("number", BIG, nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("counterparty", sa.Text(), nullable=False),
        sa.Column("amount_minor", BIG, nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("at_us", BIG, nullable=False),
        sa.ForeignKeyConstraint(["account"], ["operators.id"]),
        sa.ForeignKeyConstraint(["counterparty"], ["operators.id"]),
        sa.ForeignKeyConstraint(["host", "number"], ["charge_records.host", "charge_records.number"]),
        sa.PrimaryKeyConstraint("host", "number", "account"),
        sqlite_with_rowid=False,
    )


def _chain() -> None:
    op.create_table(
        "trust_lists",
        sa.Column("epoch", BIG, nullable=False),
        sa.Column("version", BIG, nullable=False),
        sa.Column("jws", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("epoch", "version"),
    )
    op.create_table(
        "events",
        sa.Column("seq", BIG, autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("at_us", BIG, nullable=False),
        sa.Column("content", sa.Text()),
        sa.Column("salt", sa.LargeBinary()),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
        sa.UniqueConstraint("key"),
    )
    op.create_table(
        "chain_head",
        sa.Column("id", sa.Integer(), sa.CheckConstraint("id = 1", name="one_row"), nullable=False),
        sa.Column("seq", BIG, nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "chain_roots",
        sa.Column("seq", BIG, autoincrement=False, nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("at_us", BIG, nullable=False),
        sa.Column("jws", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
    )
