"""The figures in Prometheus text form: what the process counted, and how the gateway stands when it is asked."""

from collections.abc import Iterable

import prometheus_client
from prometheus_client import CONTENT_TYPE_LATEST as CONTENT_TYPE
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from gateway import __version__
from gateway.application.tell_health import Vitals

__all__ = ["CONTENT_TYPE", "exposition"]

# the instant when a counter began says nothing that a restart's own gauge does not
prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]


def exposition(vitals: Vitals) -> bytes:
    """Everything that `/metrics` answers. Gauges are of this gateway, counters of its process."""
    gauges = CollectorRegistry()
    gauges.register(_Standing(vitals))
    return generate_latest() + generate_latest(gauges)


class _Standing(Collector):
    """Gauges read off at the moment of a scrape."""

    def __init__(self, vitals: Vitals) -> None:
        self._vitals = vitals

    def collect(self) -> Iterable[Metric]:
        vitals = self._vitals
        yield InfoMetricFamily("passerelle_build", "The version that runs.", {"version": __version__})
        yield _gauge("passerelle_ready", "Whether /readyz says ready.", vitals.ready)
        yield _gauge("passerelle_broker_connected", "Whether the broker hears us.", vitals.broker_connected)
        yield _gauge("passerelle_unsent_messages", "Messages that the broker has not taken yet.", vitals.unsent)
        yield _gauge("passerelle_waiting_scans", "Scans that wait to be decided.", vitals.waiting_scans)
        yield _gauge("passerelle_waiting_reports", "Journal lines that wait to be taken.", vitals.waiting_reports)
        yield _gauge("passerelle_doors", "Doors on the books.", vitals.doors)
        yield _gauge("passerelle_doors_online", "Doors whose last word was that they are online.", vitals.doors_online)
        yield _gauge("passerelle_chain_events", "Events in the audit chain.", vitals.chain_events)
        yield _gauge(
            "passerelle_trust_expires_timestamp_seconds",
            "When the trust list in force stops vouching.",
            vitals.trust_expires_s,
        )


def _gauge(name: str, meaning: str, value: float | None) -> GaugeMetricFamily:
    """A gauge; without a sample when the value could not be read."""
    family = GaugeMetricFamily(name, meaning)
    if value is not None:
        family.add_metric([], float(value))
    return family
