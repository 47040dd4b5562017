"""What `passerelle doctor` looks at: one function a check, which says what it found and, if need be, how to mend it.

A check writes nothing, waits for nobody longer than a few seconds, and may run beside a gateway. One that another
makes pointless (no data directory: no database) answers None and is left out.
"""

from collections.abc import Awaitable, Callable, Mapping

from gateway.commands.checks.books import chain_holds, database, free_indices, schema
from gateway.commands.checks.doors import alarms, doors_known, undelivered
from gateway.commands.checks.finding import Finding, Patient
from gateway.commands.checks.machine import clock, data_directory, disk, python, settings
from gateway.commands.checks.network import broker, http
from gateway.commands.checks.secrets import keys, private_files, trust_list

Check = Callable[[Patient], Finding | Awaitable[Finding | None] | None]

CHECKS: Mapping[str, Check] = {
    "python": python,
    "settings": settings,
    "data": data_directory,
    "disk": disk,
    "database": database,
    "schema": schema,
    "chain": chain_holds,
    "clock": clock,
    "keys": keys,
    "private files": private_files,
    "trust list": trust_list,
    "status lists": free_indices,
    "gateway": http,
    "broker": broker,
    "doors": doors_known,
    "alarms": alarms,
    "webhooks": undelivered,
}
"""In the order in which one leads to the next."""

__all__ = ["CHECKS", "Check", "Finding", "Patient"]
