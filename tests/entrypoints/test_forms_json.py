"""Hours and tariffs between JSON and the domain: every kind has a form, and nothing is lost on the way."""

from dataclasses import fields
from datetime import date, time
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from gateway.application.errors import InvalidError
from gateway.domain.directory import Hours
from gateway.domain.passes import Service
from gateway.domain.tariffs import DailyTariff, HourlyTariff, Tariff
from gateway.entrypoints.api.hours_json import OpeningHours, hours_of, hours_shown
from gateway.entrypoints.api.service_names import names_of, services_of
from gateway.entrypoints.api.tariff_json import FORMS, TariffForm, tariff_of, tariff_shown

CLOCKS = st.times().map(lambda clock: clock.replace(microsecond=0))
SPANS = st.lists(st.tuples(CLOCKS, CLOCKS), max_size=12).map(tuple)
HOURS = st.builds(
    Hours,
    week=st.lists(SPANS, min_size=7, max_size=7).map(tuple),
    closings=st.frozensets(st.dates(), max_size=5),
    exceptions=st.dictionaries(st.dates(), SPANS, max_size=5),
)
TARIFFS: dict[str, Tariff] = {
    "by the hour": HourlyTariff("desk", "EUR", 500, 900, 300, 2500, 55),
    "by the hour, no maximum": HourlyTariff("desk", "CHF", 500),
    "for nothing": HourlyTariff("free", "EUR", 0, vat_permille=0),
    "by the day": DailyTariff("day", "EUR", 2000),
}


@given(HOURS)
def test_hours_come_back_from_json_as_they_went(hours: Hours) -> None:
    adapter = TypeAdapter(OpeningHours)
    sent = adapter.dump_json(hours_shown(hours))
    assert hours_of(adapter.validate_json(sent, strict=True)) == hours


def test_hours_are_written_as_people_write_them() -> None:
    lunch = Hours(
        ((((time(8), time(12, 30))), (time(14), time(20, 0, 30))),) + ((),) * 6, frozenset({date(2027, 5, 1)})
    )
    shown = hours_shown(lunch)
    assert shown.week[0] == (("08:00", "12:30"), ("14:00", "20:00:30"))
    assert shown.closings == ("2027-05-01",)


@pytest.mark.parametrize("tariff", TARIFFS.values(), ids=list(TARIFFS))
def test_a_tariff_comes_back_from_json_as_it_went(tariff: Tariff) -> None:
    adapter: TypeAdapter[Any] = TypeAdapter(TariffForm)
    sent = adapter.dump_json(tariff_shown(tariff))
    assert tariff_of(adapter.validate_json(sent, strict=True)) == tariff


def test_every_kind_of_tariff_has_a_form_with_all_its_fields_and_defaults() -> None:
    assert {each.kind for each in get_args(Tariff)} == FORMS.keys()
    for kind in get_args(Tariff):
        form = {each.name: each.default for each in fields(FORMS[kind.kind]) if each.name != "kind"}
        assert form == {each.name: each.default for each in fields(kind)}


def test_figures_that_contradict_each_other_are_told() -> None:
    form = TypeAdapter(TariffForm).validate_python(
        {"kind": "hourly", "id": "x", "currency": "EUR", "cents_per_hour": 1, "minimum_cents": 9, "maximum_cents": 8}
    )
    with pytest.raises(InvalidError, match="maximum_cents is 8; set it to 9 or more"):
        tariff_of(form)


@pytest.mark.parametrize("services", [Service(bits) for bits in range(16)])
def test_every_set_of_services_has_its_names(services: Service) -> None:
    assert services_of(names_of(services)) == services
