"""Configure: operators, venues, doors, plans (`directory`), and the people on an operator's books (`people`).

Every function is one transaction, or part of the one that is open, and leaves a line in the audit chain that says who
acted; what would change nothing writes nothing.
"""

from gateway.application.configure.directory import (
    add_door,
    add_operator,
    check_new_door,
    put_operator,
    put_plan,
    put_venue,
    put_zone,
    register_event_key,
    set_door,
    set_door_password,
    set_mode,
    set_operator_state,
)
from gateway.application.configure.people import (
    add_member,
    add_visitor,
    put_member,
    set_ban,
    set_member_standing,
    set_pass_standing,
)

__all__ = [
    "add_door",
    "add_member",
    "add_operator",
    "add_visitor",
    "check_new_door",
    "put_member",
    "put_operator",
    "put_plan",
    "put_venue",
    "put_zone",
    "register_event_key",
    "set_ban",
    "set_door",
    "set_door_password",
    "set_member_standing",
    "set_mode",
    "set_operator_state",
    "set_pass_standing",
]
