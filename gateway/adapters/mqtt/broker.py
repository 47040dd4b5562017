"""The embedded broker: amqtt's, with every decision about who may do what taken by us.

amqtt 0.12.1 by itself drops another's session before it has checked the password, publishes any last will,
hands a newcomer the retained messages of everybody's subscriptions, never cuts a silent client, and
buffers without bound. Its plugin hooks reach none of that, so a connection's life, from the first byte to
the will, is ours; amqtt keeps the listener, the packet formats, the tables and the retained messages.
"""

import asyncio
import contextlib
import logging
import socket
from collections.abc import Callable
from typing import Protocol

import prometheus_client
from amqtt.errors import BrokerError
from amqtt.mqtt.connack import IDENTIFIER_REJECTED, NOT_AUTHORIZED, SERVER_UNAVAILABLE

from gateway.adapters.mqtt.acl import Rights, door_of, rights_of
from gateway.adapters.mqtt.connect import Hello, RefusedError, connack, read_connect
from gateway.adapters.mqtt.conversation import Conversation
from gateway.adapters.mqtt.frames import FrameReader, MalformedError, Oversize
from gateway.adapters.mqtt.peer import Peer
from gateway.adapters.mqtt.switchboard import Switchboard
from gateway.adapters.mqtt.watch import SilenceWatch
from gateway.application.errors import ConfigurationError, StoreUnavailableError
from gateway.domain.ids import DoorRef
from gateway.wire.limits import MAX_PAYLOAD

REFUSALS = prometheus_client.Counter(
    "passerelle_broker_refusals", "Connections, publications and subscriptions turned away", ["what"]
)

_CONNECT_BYTES = 4096 + MAX_PAYLOAD
_PACKET_BYTES = MAX_PAYLOAD + 1024
_MAX_PENDING = 512
_MAX_PER_ACCOUNT = 8
_FLUSH_S = 1.0
_FLUSH_TURN_S = 0.005

_log = logging.getLogger(__name__)

Refused = Callable[[DoorRef | None, str, str], None]


class Accounts(Protocol):
    """Who may connect."""

    async def check(self, username: str, password: str) -> bool:
        """Whether the account exists and the password is its own; StoreUnavailableError turns the client away."""


class EmbeddedBroker:
    """An MQTT 3.1.1 broker inside the gateway's process; one gateway, one broker.

    `host` and `port` are where it listens, port 0 for any free one. `refused` is told of every breach: the
    door if one can be named, ``broker_`` + what, and no detail that the client wrote. A socket that has not
    brought its CONNECT within `connect_s` is closed.
    """

    def __init__(
        self,
        host: str,
        port: int,
        accounts: Accounts,
        *,
        refused: Refused | None = None,
        max_connections: int = 4096,
        connect_s: float = 5.0,
    ) -> None:
        self._host = host
        self._port = port
        self._accounts = accounts
        self._refused = refused
        self._max_connections = max_connections
        self._connect_s = connect_s
        self._board: Switchboard | None = None
        self._sockets: set[asyncio.Task[None]] = set()
        self._pending: dict[asyncio.StreamWriter, None] = {}

    @property
    def port(self) -> int:
        """The port that it listens on, once started."""
        return self._board.bound_port if self._board else self._port

    @property
    def connections(self) -> int:
        """How many clients are connected."""
        return len(self._board.peers) if self._board else 0

    @property
    def usernames(self) -> frozenset[str]:
        """The accounts that are connected."""
        peers = self._board.peers.values() if self._board else ()
        return frozenset(peer.rights.username for peer in peers)

    async def start(self) -> None:
        """Listen. ConfigurationError when the address cannot be had."""
        for name in ("amqtt", "transitions"):
            logging.getLogger(name).setLevel(logging.CRITICAL)  # their lines hold payloads; ours say what counts
        board = Switchboard(self._host, self._port, self._accept)
        try:
            await board.start()
        except BrokerError as error:
            message = f"broker: cannot listen on {self._host}:{self._port} ({error}); choose a free port"
            raise ConfigurationError(message) from error
        self._board = board

    async def stop(self) -> None:
        """Let what was said reach the sockets (at most a second), then cut every connection and close the port.

        Stopping twice is allowed.
        """
        board, self._board = self._board, None
        if board is None:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_FLUSH_S):
                while any(peer.unsent for peer in board.peers.values()):  # noqa: ASYNC110  # once, at the end
                    await asyncio.sleep(_FLUSH_TURN_S)
        sockets = list(self._sockets)
        for task in sockets:
            task.cancel()
        await asyncio.gather(*sockets, return_exceptions=True)
        await board.shutdown()

    def cut(self, username: str) -> int:
        """Cut the live connections of an account, e.g. after its password changed; how many there were."""
        theirs = self._peers_of(username)
        for peer in theirs:
            peer.cut()
        return len(theirs)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection's whole life; whatever it sends, it can end only itself."""
        task = asyncio.current_task()
        board = self._board
        if task is None or board is None:
            writer.transport.abort()
            return
        self._sockets.add(task)
        try:
            await self._converse(board, reader, writer)
        except RefusedError as refusal:
            self._count(None, f"connect_{refusal.why}")
            writer.write(connack(refusal.return_code))
        except MalformedError:
            self._count(None, "malformed")
        except TimeoutError:
            self._count(None, "connect_late")
        except ConnectionError:
            pass
        except asyncio.CancelledError:
            writer.transport.abort()
        except Exception:  # noqa: BLE001  # whatever happens here must not reach other connections
            _log.exception("broker: a connection failed")
        finally:
            self._sockets.discard(task)
            writer.close()

    async def _converse(self, board: Switchboard, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        packets = FrameReader(reader, _CONNECT_BYTES)
        self._make_room(writer)
        try:
            async with asyncio.timeout(self._connect_s):
                hello = await self._greeting(packets)
                peer = Peer(hello.client_id, await self._authorised(hello), hello.will, writer)
                await self._seat(board, peer)
        finally:
            self._pending.pop(writer, None)
        packets.limit = _PACKET_BYTES
        try:
            peer.write(connack())
            await self._serve(board, peer, packets, hello.keep_alive_s)
        finally:
            await board.unseat(peer)
            peer.gone.set()

    def _make_room(self, writer: asyncio.StreamWriter) -> None:
        """Sockets that have not said CONNECT are few: the oldest makes room for the newest."""
        if len(self._pending) >= _MAX_PENDING:
            oldest = next(iter(self._pending))
            del self._pending[oldest]
            oldest.transport.abort()
        self._pending[writer] = None
        _probe_when_idle(writer)

    async def _greeting(self, packets: FrameReader) -> Hello:
        frame = await packets.next()
        if frame is None or isinstance(frame, Oversize):
            raise MalformedError("no CONNECT")
        return await read_connect(frame)

    async def _authorised(self, hello: Hello) -> Rights:
        """The client's rights once all of its CONNECT is found right, its will included; RefusedError."""
        rights = rights_of(hello.username)
        if rights is None or not await self._knows(hello):
            raise RefusedError("credentials", NOT_AUTHORIZED)
        if not rights.may_connect_as(hello.client_id):
            raise RefusedError("client_id", IDENTIFIER_REJECTED)
        if hello.will and not rights.may_retain(hello.will.topic):
            raise RefusedError("will", NOT_AUTHORIZED)
        return rights

    async def _knows(self, hello: Hello) -> bool:
        try:
            return await self._accounts.check(hello.username, hello.password)
        except StoreUnavailableError:
            raise RefusedError("unavailable", SERVER_UNAVAILABLE) from None

    async def _seat(self, board: Switchboard, peer: Peer) -> None:
        """Give the peer its place; whoever held its client id leaves first, will and all."""
        while (holder := board.seated(peer.client_id)) is not None:
            if holder.rights.username != peer.rights.username:
                raise RefusedError("client_id", IDENTIFIER_REJECTED)
            await _ended(holder)
        theirs = self._peers_of(peer.rights.username)
        if len(theirs) >= _MAX_PER_ACCOUNT and not peer.rights.everything:
            await _ended(theirs[0])
        if self.connections >= self._max_connections and not peer.rights.everything:
            raise RefusedError("full", SERVER_UNAVAILABLE)
        board.seat(peer)

    async def _serve(self, board: Switchboard, peer: Peer, packets: FrameReader, keep_alive_s: int) -> None:
        talk = Conversation(peer, packets, board, self._breach)
        watch = SilenceWatch(keep_alive_s, lambda: talk.heard_at, peer.cut)
        will = peer.will
        try:
            if await talk.run():
                will = None
        except asyncio.CancelledError:
            will = None
            raise
        finally:
            watch.stop()
            if will:
                await board.publish(will)

    def _peers_of(self, username: str) -> list[Peer]:
        peers = self._board.peers.values() if self._board else ()
        return [peer for peer in peers if peer.rights.username == username]

    def _breach(self, peer: Peer, what: str) -> None:
        self._count(door_of(peer.rights.username), what)

    def _count(self, door: DoorRef | None, what: str) -> None:
        REFUSALS.labels(what).inc()
        if self._refused:
            self._refused(door, f"broker_{what}", "")


async def _ended(peer: Peer) -> None:
    peer.cut()
    await peer.gone.wait()


def _probe_when_idle(writer: asyncio.StreamWriter) -> None:
    """TCP keep-alive finds the half-open sockets of clients that asked for no MQTT keep-alive."""
    sock: socket.socket = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 15), ("TCP_KEEPCNT", 4)):
        if hasattr(socket, option):
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
