"""The lock of a data directory: one gateway at a time, freed by the kernel however that gateway ends."""

import fcntl
import os
from pathlib import Path

from gateway.application.errors import DataInUseError, StoreUnavailableError

FILE = "gateway.lock"


class DataLock:
    """Holds `<data>/gateway.lock` from its making until `release`; the file carries the holder's pid."""

    def __init__(self, data: Path, pid: int) -> None:
        """Take the lock; DataInUseError names the file and the pid of whoever holds it."""
        path = data / FILE
        try:
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StoreUnavailableError(f"cannot open {path}: {error.strerror}") from error
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = os.read(self._descriptor, 32).decode("ascii", "replace").strip() or "unknown"
            os.close(self._descriptor)
            raise DataInUseError(
                f"{path.parent} is in use by another gateway (pid {holder}, lock file {path}): stop it first, "
                "or give this one a data directory of its own"
            ) from None
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, f"{pid}\n".encode(), 0)

    def release(self) -> None:
        """Free the directory; harmless to repeat. The file stays, for removing it could free a successor's lock."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)


def is_held(data: Path) -> bool:
    """Whether a gateway runs on the directory now; takes nothing away from it."""
    try:
        descriptor = os.open(data / FILE, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False
