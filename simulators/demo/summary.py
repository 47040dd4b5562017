"""What the demo says at its end: the statements between the operators, and the day's figures."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table

from gateway.domain.ids import OperatorId
from gateway.domain.statements import Statement
from simulators.bench.figures import percentile
from simulators.demo.books import Recount
from simulators.demo.player import Tally
from simulators.demo.stage import euros


def figures(recount: Recount, tally: Tally, chain_ok: bool) -> dict[str, Any]:
    """The one JSON object; all from the database but what only the doors can know."""
    return {
        "scans": recount.scans,
        "granted": recount.granted,
        "denied": recount.denied,
        "unanswered": tally.unanswered,
        "visits": recount.visits,
        "charge_records": recount.charge_records,
        "statements": recount.statements,
        "ledger_sum_minor": recount.ledger_sum_minor,
        "p50_ms": milliseconds(tally, 50),
        "p99_ms": milliseconds(tally, 99),
        "chain_ok": chain_ok,
    }


def milliseconds(tally: Tally, percent: float) -> float | None:
    """A percentile of the doors' latencies; None when no door was answered."""
    value = percentile(tally.latencies_s, percent)
    return None if math.isnan(value) else round(value * 1000, 2)


def statements_table(statements: Sequence[Statement], names: Mapping[OperatorId, str]) -> RenderableType:
    """Who owes whom for the day, and what each operator is owed or owes in the end."""
    table = Table(title="Statements of the day")
    for heading in ("home owes", "host", "charge records"):
        table.add_column(heading)
    for heading in ("count", "net", "VAT", "total"):
        table.add_column(heading, justify="right")
    for each in statements:
        table.add_row(
            names[each.home],
            names[each.host],
            ", ".join(f"{first}–{last}" if first != last else f"{first}" for first, last in each.ranges),
            str(each.count),
            euros(each.net_cents),
            euros(each.vat_cents),
            euros(each.total_cents),
        )
    total = sum(each.total_cents for each in statements)
    table.add_section()
    table.add_row("all", "", "", str(sum(each.count for each in statements)), "", "", euros(total))
    return Group(table, _positions(statements, names))


def _positions(statements: Sequence[Statement], names: Mapping[OperatorId, str]) -> RenderableType:
    table = Table(title="Each operator's position; together they make nothing")
    table.add_column("operator")
    for heading in ("is owed", "owes", "net"):
        table.add_column(heading, justify="right")
    positions = {operator: position(statements, operator) for operator in names}
    for operator, (owed, owes) in positions.items():
        table.add_row(names[operator], euros(owed), euros(owes), euros(owed - owes))
    table.add_section()
    table.add_row("sum", "", "", euros(sum(owed - owes for owed, owes in positions.values())), style="bold")
    return table


def position(statements: Sequence[Statement], operator: OperatorId) -> tuple[int, int]:
    """What an operator is owed, and what it owes, cents."""
    owed = sum(each.total_cents for each in statements if each.host == operator)
    return owed, sum(each.total_cents for each in statements if each.home == operator)


def figures_table(found: Mapping[str, Any], surprises: Sequence[str]) -> RenderableType:
    """The figures for people."""
    table = Table(title="The day, recounted from the database", show_header=False)
    for name, value in found.items():
        text = ", ".join(f"{key} {count}" for key, count in value.items()) if isinstance(value, Mapping) else str(value)
        table.add_row(name, text)
    for surprise in surprises:
        table.add_row("not as meant", surprise)
    return table
