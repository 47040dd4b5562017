"""A stranger's door, made of mosquitto_pub and mosquitto_sub and of what `/asyncapi.json` says, lets people in."""

import ast
import asyncio
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from gateway.domain.visits import VisitState
from gateway.wire.topics import door_topic
from tests.builders import BACK, FRONT, HOST
from tests.e2e.eavesdropper import Eavesdropper
from tests.e2e.mosquitto_house import MosquittoHouse
from tests.e2e.places import on_mosquitto
from tests.e2e.scene import Furnished, event_key
from tests.wire.contract import Contract

PROGRAM = Path(__file__).with_name("foreign_door.py")
pytestmark = pytest.mark.mosquitto


@pytest.fixture
async def house(furnished: Furnished, tmp_path: Path) -> AsyncIterator[MosquittoHouse]:
    async with on_mosquitto(furnished, tmp_path) as opened:
        yield opened


async def foreign_door(house: MosquittoHouse, *reads: str, **changes: Any) -> list[dict[str, Any]]:
    """Run the stranger's program at the front door; what it reports."""
    settings = {
        "document": f"{house.gateway.http_url}/asyncapi.json",
        "venue": str(FRONT.venue),
        "door": FRONT.door,
        "operator": str(HOST),
        "direction": "in",
        "password": house.passwords[FRONT.username],
        "seed": event_key(FRONT).seed.hex(),
        "reads": reads,
    } | changes
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", str(PROGRAM)), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(60):
        told, _ = await process.communicate(json.dumps(settings).encode())
    assert process.returncode == 0
    found: list[dict[str, Any]] = json.loads(told)
    return found


async def test_it_scans_verifies_opens_reports_and_is_acknowledged(house: MosquittoHouse) -> None:
    person = await house.person()
    granted, denied = await foreign_door(house, person.show(house.clock.now_s), "A LOYALTY CARD")

    assert (granted["decision"]["outcome"], granted["decision"]["open_s"]) == ("granted", 5)
    assert granted["decision"]["words"]["en"] == "Welcome, push the door."
    repeated = ("jti", "iat", "exp")
    verdicts = [
        {name: each[name] for name in each if name not in repeated} for each in (granted["decision"], granted["again"])
    ]
    assert verdicts[0] == verdicts[1], "the same scan gets the same verdict"
    assert granted["decision"]["jti"] != granted["again"]["jti"], "signed afresh"
    assert granted["ack"]["n"] == 1
    assert (denied["decision"]["reason"], denied["again"]["reason"], denied["ack"]) == ("BAD_FORM", "BAD_FORM", None)

    visit = await house.only_visit()
    assert (visit.id, visit.state, visit.holder) == (granted["scan"]["scan"], VisitState.ACTIVE, person.holder)
    assert await house.chain_holds()


async def test_all_that_it_published_is_what_the_document_promises(house: MosquittoHouse) -> None:
    ear = Eavesdropper("ear")
    await ear.connect(house.gateway.broker_url)
    try:
        await foreign_door(house, (await house.person()).show(house.clock.now_s))
        await ear.until(lambda: len(ear.on(door_topic(FRONT, "status"))) >= 2 or None, "hello and goodbye")
        contract = Contract(json.loads(await fetched(house, "/asyncapi.json")))
        judged = [contract.judge(each.topic, each.payload, each.qos) for each in ear.overheard]
        assert {each.channel for each in judged} == contract.document["channels"].keys()
    finally:
        await ear.leave()


async def test_what_it_may_not_do_is_acknowledged_and_reaches_nobody(house: MosquittoHouse) -> None:
    ear = Eavesdropper("ear")
    await ear.connect(house.gateway.broker_url)
    try:
        for topic in (
            door_topic(BACK, "scan"),
            door_topic(FRONT, "decision"),
            "pw/v1/trust",
            door_topic(FRONT, "scan"),
        ):
            await publish(house, topic, "{}")
        await ear.until(lambda: ear.on(door_topic(FRONT, "scan")) or None, "what it may say, said last")
        assert [each.topic for each in ear.overheard if each.payload == b"{}"] == [door_topic(FRONT, "scan")]
    finally:
        await ear.leave()


def test_the_stranger_has_nothing_of_ours() -> None:
    tree = ast.parse(PROGRAM.read_text("utf-8"))
    roots = {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    roots |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {root.partition(".")[0] for root in roots} - sys.stdlib_module_names == {"cryptography"}
    assert "pw/v1" not in PROGRAM.read_text("utf-8"), "topics come from the document"


async def fetched(house: MosquittoHouse, path: str) -> str:
    """What a GET answers."""
    async with aiohttp.ClientSession() as http, http.get(house.gateway.http_url + path) as answer:
        assert answer.status == 200
        return await answer.text()


async def publish(house: MosquittoHouse, topic: str, payload: str) -> None:
    """mosquitto_pub with the front door's account; its exit code is nobody's business."""
    words = ["-h", house.place.host, "-p", str(house.port), "-u", FRONT.username, "-i", f"{FRONT.username}.pub"]
    words += ["-P", house.passwords[FRONT.username], "-q", "1", "-t", topic, "-m", payload]
    process = await asyncio.create_subprocess_exec("mosquitto_pub", *words, stderr=asyncio.subprocess.DEVNULL)
    await process.wait()
