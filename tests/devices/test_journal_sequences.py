"""Any order of writes, acks true and false, and restarts: the journal agrees with a list in memory."""

import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from devices.journal import AckResult, Journal, Line
from gateway.wire.signed import EventKind
from keys import base64url
from tests.devices.builders import DOOR, scan_id
from tests.devices.journals import SIGN, ZERO, claims_of, journal, opened


class JournalMachine(RuleBasedStateMachine):
    """The model: every line ever written, and how many of them are acknowledged."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        self._path = Path(self._folder.name) / "journal.sqlite"
        self._journal = journal(self._path)
        self._written: list[Line] = []
        self._acked = 0
        self._intended: set[int] = set()

    def teardown(self) -> None:
        self._journal.close()
        self._folder.cleanup()

    @rule(number=st.integers(1, 6), kind=st.sampled_from(list(EventKind)))
    def write(self, number: int, kind: EventKind) -> None:
        line = self._journal.append(opened(number, kind))
        before = self._written[-1].hash if self._written else ZERO
        assert (line.n, claims_of(line.jws).prev) == (len(self._written) + 1, base64url.encode(before))
        self._written.append(line)
        self._intended.discard(number)

    @rule(number=st.integers(1, 6))
    def intend(self, number: int) -> None:
        self._journal.intend(scan_id(number), b"d" * 32)
        self._intended.add(number)

    @rule(n=st.integers(0, 30), other=st.integers(0, 30))
    def ack(self, n: int, other: int) -> None:
        """Name one line and the hash of perhaps another."""
        result = self._journal.ack(n, self._hash(other))
        true = n <= len(self._written) and self._hash(n) == self._hash(other)
        if n < self._acked:
            assert result is AckResult.BEHIND
        elif n == self._acked:
            assert result is (AckResult.REPEATED if true else AckResult.MISMATCH)
        elif true:
            assert result is AckResult.ERASED
            self._acked = n
        else:
            assert result is AckResult.MISMATCH

    @rule()
    def restart(self) -> None:
        self._journal.close()
        self._journal = Journal(self._path, DOOR, SIGN)

    @rule()
    def lose_power(self) -> None:
        """Copy the files as they lie on the disk, and go on from the copy."""
        copy = Path(tempfile.mkdtemp(dir=self._folder.name)) / "journal.sqlite"
        for suffix in ("", "-wal"):
            part = self._path.with_name(self._path.name + suffix)
            if part.exists():
                copy.with_name(copy.name + suffix).write_bytes(part.read_bytes())
        self._journal.close()
        self._path = copy
        self._journal = Journal(copy, DOOR, SIGN)

    @invariant()
    def agrees(self) -> None:
        assert self._journal.after(0, 1000) == self._written[self._acked :]
        assert (self._journal.head.n, self._journal.acked.n) == (len(self._written), self._acked)
        assert self._journal.acked.hash == self._hash(self._acked)
        assert {each.scan for each in self._journal.intents()} == {scan_id(number) for number in self._intended}

    def _hash(self, n: int) -> bytes:
        if n == 0:
            return ZERO
        return self._written[n - 1].hash if n <= len(self._written) else bytes([n]) * 32


TestJournalSequences = JournalMachine.TestCase
TestJournalSequences.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
