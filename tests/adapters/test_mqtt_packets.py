"""Packets cut out of a stream, and PUBLISH written and read: against amqtt's own formats."""

import asyncio
import itertools

import pytest
from amqtt.adapters import BufferReader
from amqtt.mqtt.publish import PublishPacket
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.adapters.mqtt.frames import Frame, FrameReader, MalformedError, Oversize
from gateway.adapters.mqtt.peer import Message, publish_packet, read_publish
from tests.adapters.mqtt_raw import packet, publish

LIMIT = 1024
TOPICS = st.text(st.characters(exclude_characters="+#\0", exclude_categories=["Cs"]), min_size=1, max_size=40)


async def cut_out(chunks: list[bytes]) -> list[Frame | Oversize]:
    stream = asyncio.StreamReader()
    frames = FrameReader(stream, LIMIT)
    found: list[Frame | Oversize] = []

    async def feed() -> None:
        for chunk in chunks:
            stream.feed_data(chunk)
            await asyncio.sleep(0)
        stream.feed_eof()

    feeding = asyncio.create_task(feed())
    try:
        while (frame := await frames.next()) is not None:
            found.append(frame)
    finally:
        await feeding
    return found


def split(whole: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({0, len(whole), *(cut % (len(whole) + 1) for cut in cuts)})
    return [whole[a:b] for a, b in itertools.pairwise(places)]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 3 * LIMIT)), max_size=6),
    st.lists(st.integers(0, 10_000), max_size=12),
)
def test_packets_come_out_the_same_however_they_are_cut_up(sent: list[tuple[int, int]], cuts: list[int]) -> None:
    packets = [publish("a/b", bytes(size), qos=qos, packet_id=9) for qos, size in sent]
    found = asyncio.run(cut_out(split(b"".join(packets), cuts)))
    expected = [
        Frame(3, qos << 1, whole[len(whole) - 5 - 2 * bool(qos) - size :], whole)
        if len(whole) <= LIMIT
        else Oversize(9 if qos else 0, qos)
        for (qos, size), whole in zip(sent, packets, strict=True)
    ]
    assert found == expected


@pytest.mark.parametrize("whole", [b"\x00\x00", b"\xf0\x00", b"\x30\xff\xff\xff\xff\x01", packet(0x82, bytes(LIMIT))])
async def test_what_is_no_packet(whole: bytes) -> None:
    with pytest.raises(MalformedError):
        await cut_out([whole])


async def test_an_oversized_packet_whose_topic_is_longer_than_it() -> None:
    with pytest.raises(MalformedError):
        await cut_out([packet(0x32, b"\xff\xff" + bytes(2000)) + bytes(70_000)])


@pytest.mark.parametrize("whole", [publish("a/b", b"x" * 50)[:-1], publish("a/b", bytes(5000), qos=1)[:-1], b"\x30"])
async def test_a_packet_that_breaks_off_is_none(whole: bytes) -> None:
    assert await cut_out([whole]) == []


@settings(max_examples=60, deadline=None)
@given(TOPICS, st.binary(max_size=300), st.integers(0, 1), st.booleans(), st.integers(1, 0xFFFF))
def test_publish_is_written_as_amqtt_writes_it(
    topic: str, payload: bytes, qos: int, retain: bool, packet_id: int
) -> None:
    ours = publish_packet(Message(topic, payload, qos, retain), qos, packet_id)
    theirs = PublishPacket.build(topic, payload, packet_id if qos else None, False, qos, retain)
    assert ours == theirs.to_bytes()


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 15), st.binary(max_size=60))
def test_publish_is_read_as_amqtt_reads_it_or_refused(flags: int, body: bytes) -> None:
    try:
        inbound = read_publish(flags, body)
    except MalformedError:
        return
    theirs = asyncio.run(PublishPacket.from_stream(BufferReader(packet(0x30 | flags, body))))
    assert (inbound.message.topic, inbound.message.payload) == (theirs.topic_name, theirs.data)
    assert (inbound.message.qos, inbound.message.retain) == (theirs.qos, theirs.retain_flag)
    assert inbound.packet_id == (theirs.packet_id or 0)
