"""amqtt's broker, its tables used by our rules: who is seated, who hears what, what is kept."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from amqtt.broker import Broker
from amqtt.contexts import Action, BrokerConfig, ListenerConfig

from gateway.adapters.mqtt.peer import MAX_SUBSCRIPTIONS, Message, Peer

Accept = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

REFUSED = 0x80
"""SUBACK return code (MQTT 3.1.1, 3.9.3)."""
_QOS_MAX = 1


class Switchboard(Broker):  # type: ignore[misc]  # amqtt has no types
    """Passes messages on. A `Peer` stands where amqtt keeps a session and its handler.

    amqtt 0.12 would queue every message, run three tasks for it, walk its subscriptions while they change
    (which loses the message), and deliver at the subscriber's QoS whatever the publisher's; so passing on
    is done here, at once.
    """

    def __init__(self, host: str, port: int, accept: Accept) -> None:
        listener = ListenerConfig(bind=f"{host}:{port}")
        super().__init__(BrokerConfig(listeners={"default": listener}, plugins={}))
        self._accept = accept
        self._wildcards: set[str] = set()

    @property
    def bound_port(self) -> int:
        """The port that it listens on."""
        port: int = self._servers["default"].instance.sockets[0].getsockname()[1]
        return port

    @property
    def peers(self) -> dict[str, Peer]:
        """Who is seated, by client id."""
        return {client_id: peer for client_id, (peer, _) in self._sessions.items()}

    def seated(self, client_id: str) -> Peer | None:
        """Who holds that client id."""
        peer: Peer | None = self._sessions.get(client_id, (None, None))[0]
        return peer

    def seat(self, peer: Peer) -> None:
        """Take a peer in; its client id must be free."""
        self._sessions[peer.client_id] = (peer, peer)

    async def unseat(self, peer: Peer) -> None:
        """Forget a peer and what it subscribed to."""
        if self.seated(peer.client_id) is peer:
            await self._delete_session(peer.client_id)
            self._wildcards.intersection_update(self._subscriptions)

    async def subscribe(self, peer: Peer, topic_filter: str, qos: int) -> int:
        """Subscribe; returns the granted QoS or `REFUSED`."""
        if topic_filter in peer.filters:
            self._del_subscription(topic_filter, peer)
        elif len(peer.filters) >= MAX_SUBSCRIPTIONS:
            return REFUSED
        granted: int = await self.add_subscription((topic_filter, min(qos, _QOS_MAX)), peer)
        if granted != REFUSED:
            peer.filters.add(topic_filter)
            if "+" in topic_filter or "#" in topic_filter:
                self._wildcards.add(topic_filter)
        return granted

    def unsubscribe(self, peer: Peer, topic_filter: str) -> None:
        """Unsubscribe; a filter that the peer does not hold is ignored."""
        if topic_filter in peer.filters:
            peer.filters.discard(topic_filter)
            self._del_subscription(topic_filter, peer)

    def send_retained(self, peer: Peer, topic_filter: str, granted: int) -> None:
        """Send a new subscriber what is kept under its filter."""
        for topic, kept in self._retained_messages.items():
            if self._matches(topic, topic_filter):
                peer.send(Message(topic, bytes(kept.data), kept.qos, retain=True), min(granted, kept.qos))

    async def publish(self, message: Message) -> None:
        """Pass a message on to whoever subscribed to its topic, and keep it when it is to be retained.

        Waits only for the gateway's own connection when that is behind: the pressure goes back to the
        door that sends, through its socket.
        """
        live = Message(message.topic, message.payload, message.qos)
        for peer, qos in self._listeners(message.topic):
            peer.send(live, min(qos, message.qos))
            if peer.worth_waiting_for:
                await peer.relief()
        if message.retain:
            await self.retain_message(None, message.topic, message.payload, message.qos)

    async def stream_connected(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, listener_name: str
    ) -> None:
        """What amqtt calls for a new socket."""
        del listener_name
        await self._accept(reader, writer)

    def _listeners(self, topic: str) -> list[tuple[Peer, int]]:
        found = list(self._subscriptions.get(topic, ()))
        for topic_filter in self._wildcards:
            if self._matches(topic, topic_filter):
                found += self._subscriptions[topic_filter]
        return found

    async def _topic_filtering(self, session: Peer, topic: str, action: Action) -> bool:
        if action == Action.SUBSCRIBE:
            return session.rights.may_subscribe(topic)
        return session.rights.may_publish(topic)

    async def _broadcast_message(self, session: Any, topic: str, data: bytes, force_qos: int | None = None) -> None:
        del session
        await self.publish(Message(topic, bytes(data), force_qos or 0))

    async def _session_monitor(self) -> None:
        """Do nothing: amqtt would look for dead sessions, and here none is left behind."""
