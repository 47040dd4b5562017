"""A process that writes events and takes acks until it is killed: what it says on its output has happened.

Run as ``python -m tests.devices.journal_writer FILE``. `w N` follows a write, `a N` an ack.
"""

import sys
from pathlib import Path

from devices.journal import AckResult
from tests.devices.journals import journal, opened


def main() -> None:
    """Write for ever; acknowledge every third line."""
    made = journal(Path(sys.argv[1]))
    while True:
        line = made.append(opened(made.head.n + 1))
        print(f"w {line.n}", flush=True)  # noqa: T201 - its output is what the test believes
        if line.n % 3 == 0:
            assert made.ack(line.n - 1, made.after(line.n - 2, 1)[0].hash) is AckResult.ERASED
            print(f"a {line.n - 1}", flush=True)  # noqa: T201 - its output is what the test believes


if __name__ == "__main__":
    main()
