"""Doors' accounts on Mosquitto, told to its dynamic-security plugin while it runs."""

import json
from collections.abc import Callable
from typing import Any

from gateway.adapters.mqtt.acl import GATEWAY
from gateway.adapters.mqtt.address import Address
from gateway.adapters.mqtt.dynamic_roles import (
    CONTROL,
    DOORS,
    EVERY_DOOR,
    RESPONSE,
    door_client,
    door_role,
    every_door_role,
)
from gateway.adapters.mqtt.errand import Errand
from gateway.application.errors import BrokerUnavailableError

ANSWER_S = 3.0
"""How long the plugin may take: it answers within milliseconds, so this is a broker that is ill."""

Command = dict[str, Any]
_EXISTS = "already exists"
_MISSING = "not found"


class DynamicSecurity:
    """The port `BrokerAccounts` for a Mosquitto of one's own; each call is a short connection as the gateway.

    So a command beside a running gateway can use it too. Every method raises BrokerUnavailableError when the broker
    is away, does not answer for this plugin, or refuses; what was asked may then have happened or not, and asking
    again does no harm.
    """

    def __init__(self, address: Address, entropy: Callable[[int], bytes], answer_s: float = ANSWER_S) -> None:
        self._where = f"{address.host}:{address.port}"
        self._entropy = entropy
        self._errand = Errand(address, CONTROL, RESPONSE, answer_s)

    async def put(self, username: str, password: str) -> None:
        """Make the door's account, or give it this password and its rights anew; live connections of it end."""
        account = door_client(username) | {"password": password}
        role = door_role(username)
        answers = await self._ask(
            [
                _command("createRole", every_door_role()),
                _command("createGroup", {"groupname": DOORS, "roles": [{"rolename": EVERY_DOOR}]}),
                _command("createRole", role),
                _command("createClient", account),
            ],
            tolerated=_EXISTS,
        )
        if "error" in answers[-1]:
            await self._ask([_command("modifyRole", role), _command("modifyClient", account), *_cut(username)])

    async def remove(self, username: str) -> None:
        """Take the door's account away; its live connections end. One that is not there is no fault."""
        gone = [_command("deleteClient", {"username": username}), _command("deleteRole", {"rolename": username})]
        await self._ask(gone, tolerated=_MISSING)

    async def cut(self, username: str) -> None:
        """End the account's live connections. One that is not there is no fault."""
        await self._ask(_cut(username), tolerated=_MISSING)

    async def names(self) -> frozenset[str]:
        """The doors' accounts that the broker has."""
        (answer,) = await self._ask([_command("getGroup", {"groupname": DOORS})], tolerated=_MISSING)
        if "error" in answer:
            return frozenset()
        return frozenset(str(client["username"]) for client in answer["data"]["group"]["clients"])

    async def _ask(self, commands: list[Command], tolerated: str = "") -> list[dict[str, Any]]:
        """The plugin's answers, one for each command; a fault other than the one tolerated is raised."""
        mark = self._entropy(16).hex()
        question = json.dumps({"commands": [command | {"correlationData": mark} for command in commands]}).encode()
        try:
            answers = await self._errand.ask(f"{GATEWAY}.{mark}", question, lambda heard: _answers(heard, mark))
        except TimeoutError:
            raise BrokerUnavailableError(
                f"the broker at {self._where} did not answer for dynamic security; start Mosquitto with what "
                "'passerelle broker config' writes, or set broker_accounts to none and make the accounts by hand"
            ) from None
        for answer in answers:
            error = answer.get("error")
            if error and not (tolerated and tolerated in error):
                raise BrokerUnavailableError(f"the broker at {self._where} refuses {answer['command']}: {error}")
        return answers


def _command(name: str, content: dict[str, Any]) -> Command:
    return {"command": name} | content


def _cut(username: str) -> list[Command]:
    """Disabling an account ends its connections, whatever made it necessary; then it may come back."""
    return [_command(name, {"username": username}) for name in ("disableClient", "enableClient")]


def _answers(heard: bytes, mark: str) -> list[dict[str, Any]] | None:
    """The answers in a message if they are to our question: every administrator hears every answer."""
    found: list[dict[str, Any]] = json.loads(heard)["responses"]
    return found if any(answer.get("correlationData") == mark for answer in found) else None
