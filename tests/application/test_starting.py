"""A gateway starts where it is told to or says what is wrong and how to mend it; stopped, it leaves nothing behind."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from gateway.application.errors import ConfigurationError, DataInUseError
from gateway.compose import Gateway, build, system_entropy
from gateway.config import read_settings
from keys.faults import DamagedFile, KeyFault, WrongPassphrase
from tests.builders import FRONT
from tests.e2e.scene import HandClock
from tests.gateways import House

HERE = "127.0.0.1"


@asynccontextmanager
async def built(data: Path, **changes: Any) -> AsyncIterator[Gateway]:
    """A gateway that has not started; stopped at the end whatever became of it."""
    settings = read_settings({"data": data, "http_port": 0} | changes)
    gateway = await build(settings, HandClock().clock(), system_entropy)
    try:
        yield gateway
    finally:
        await gateway.stop()


@contextmanager
def taken(port: int = 0) -> Iterator[int]:
    """A port that somebody else listens on."""
    with closing(socket.create_server((HERE, port))) as other:
        yield int(other.getsockname()[1])


async def healthy(url: str) -> bool:
    """Whether it answers over HTTP."""
    async with aiohttp.ClientSession() as http, http.get(f"{url}/healthz") as answer:
        return bool(json.loads(await answer.text()) == {"status": "ok"})


PLACES: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "an address of another machine": (
        {"http_host": "203.0.113.1"},
        ("http_host (PASSERELLE_HTTP_HOST)", "203.0.113.1", "an address of this machine"),
    ),
    "a name that nobody resolves": (
        {"http_host": "no-such-host.invalid", "http_port": 8080},
        ("http_host (PASSERELLE_HTTP_HOST)", "no-such-host.invalid:8080"),
    ),
}


@pytest.mark.parametrize(("changes", "words"), PLACES.values(), ids=list(PLACES))
async def test_a_place_where_it_cannot_listen_is_named_and_the_data_is_free_again(
    tmp_path: Path, changes: dict[str, Any], words: tuple[str, ...]
) -> None:
    async with built(tmp_path / "data", **changes) as gateway:
        with pytest.raises(ConfigurationError) as caught:
            await gateway.start()
    for word in words:
        assert word in str(caught.value)
    async with built(tmp_path / "data") as gateway:
        await gateway.start()
        assert await healthy(gateway.http_url)


async def test_a_taken_http_port_gives_way_to_the_next_free_one(tmp_path: Path) -> None:
    with taken() as port:
        async with built(tmp_path / "data", http_port=port) as gateway:
            await gateway.start()
            assert port < int(gateway.http_url.rpartition(":")[2]) < port + 20
            assert await healthy(gateway.http_url)


async def test_behind_the_last_port_there_is_no_next_one(tmp_path: Path) -> None:
    with taken(65535):
        async with built(tmp_path / "data", http_port=65535) as gateway:
            with pytest.raises(ConfigurationError, match=r"127\.0\.0\.1:65535"):
                await gateway.start()


async def test_a_taken_broker_port_is_an_error_for_doors_would_not_find_another(tmp_path: Path) -> None:
    with taken() as port:
        async with built(tmp_path / "data", broker_port=port) as gateway:
            with pytest.raises(ConfigurationError, match=f"{HERE}:{port}.*choose a free port"):
                await gateway.start()


async def test_data_below_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match=r"data \(PASSERELLE_DATA\).*Not a directory.*may write"):
        await build(read_settings({"data": tmp_path / "file" / "data"}), HandClock().clock(), system_entropy)


async def test_two_gateways_on_the_same_data_are_one_too_many(house: House) -> None:
    with pytest.raises(DataInUseError, match=r"in use by another gateway \(pid \d+.*stop it first"):
        async with built(house.data):
            pytest.fail("two gateways write one chain")
    assert (await house.shows(await house.door(FRONT), await house.person())).told == ("granted", "OK")


def cut_short(keys: Path) -> None:
    (keys / "rings.json").write_text('{"federation": "pw"')


def another_passphrase(keys: Path) -> None:
    (keys / "passphrase").write_text("guess\n")


def for_all_to_read(keys: Path) -> None:
    (keys / "passphrase").chmod(0o644)


def gateway_key_gone(keys: Path) -> None:
    for path in keys.glob("FR-ATL.gateway*.pem"):
        path.unlink()


DAMAGES = {
    "the rings cut short": (cut_short, DamagedFile, "rings.json"),
    "another passphrase": (another_passphrase, WrongPassphrase, "PASSERELLE_KEY_PASSPHRASE"),
    "a passphrase that others can read": (for_all_to_read, DamagedFile, "chmod 600"),
    "a private key gone": (gateway_key_gone, DamagedFile, "FR-ATL.gateway"),
}


@pytest.mark.parametrize(("damage", "fault", "words"), DAMAGES.values(), ids=list(DAMAGES))
async def test_damaged_keys_are_named_before_any_door_is_answered(
    house: House, damage: Any, fault: type[KeyFault], words: str
) -> None:
    await house.close()
    damage(house.data / "keys")
    with pytest.raises(fault, match=words):
        await house.open()
    with pytest.raises(fault):
        await house.open()  # and not DataInUseError: the lock was given back


async def test_stopping_twice_and_stopping_what_never_started_are_allowed(tmp_path: Path) -> None:
    async with built(tmp_path / "data") as gateway:
        await gateway.stop()
    async with built(tmp_path / "data") as gateway:
        await gateway.start()
        await gateway.stop()


async def test_stopping_while_doors_ask_answers_what_was_taken_and_loses_nothing(house: House) -> None:
    """Whatever a door was told is in the books afterwards, and the chain holds."""
    door = await house.door(FRONT)
    for _ in range(30):
        door.send_soon(door.scan("PW1:ANY"))
    await door.until(lambda: door.decisions() or None, "the first answer")
    await house.gateway.stop()
    await asyncio.sleep(0)
    answered = {answer.claims.scan for answer in door.decisions()}
    await house.restart()

    kept = {scan for (scan,) in house.rows("SELECT key FROM events WHERE kind = 'decision'")}
    assert answered <= kept
    assert await house.chain_holds()


async def test_a_new_installation_keeps_its_secrets_to_its_owner(tmp_path: Path) -> None:
    async with built(tmp_path / "data") as gateway:
        await gateway.start()
    files = [path for path in (tmp_path / "data").rglob("*") if path.is_file()]
    assert {path.name for path in files if path.stat().st_mode & 0o077} == set()
    assert (tmp_path / "data").stat().st_mode & 0o077 == 0
    assert not any(b"BEGIN PRIVATE KEY" in path.read_bytes() for path in files), "none in the clear"
