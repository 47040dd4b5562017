"""Broker passwords and their stored hashes.

A door's password is 256 random bits that only a machine ever types, so nobody can guess it and a slow,
memory-hard hash would protect nothing; what is stored must only not be the password itself. We therefore
store Mosquitto's own form, ``$7$`` (PBKDF2-HMAC-SHA512, salted): the same stored text serves the embedded
broker and a ``password_file``, without the gateway ever keeping a password.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable

_ROUNDS = 101
"""Mosquitto's own count; more rounds only slow down a thousand doors that come back at once."""
_MAX_ROUNDS = 1_000_000
_SALT_BYTES = 12
_HASH_BYTES = 64
_FIELDS = 5


def new_password(entropy: Callable[[int], bytes]) -> str:
    """A fresh password: 256 bits, base64url, 43 characters."""
    return base64.urlsafe_b64encode(entropy(32)).rstrip(b"=").decode()


def hash_password(password: str, entropy: Callable[[int], bytes]) -> str:
    """The text to store for a password, fit for a Mosquitto password file."""
    salt = entropy(_SALT_BYTES)
    return f"$7${_ROUNDS}${_b64(salt)}${_b64(_derive(password, salt, _ROUNDS))}"


def verify_password(password: str, stored: str) -> bool:
    """Whether the password is the stored one, compared in constant time; False when `stored` is malformed."""
    fields = stored.split("$")
    if len(fields) != _FIELDS or fields[:2] != ["", "7"]:
        return False
    try:
        rounds, salt, expected = int(fields[2]), _unb64(fields[3]), _unb64(fields[4])
    except (ValueError, binascii.Error):
        return False
    if not 0 < rounds <= _MAX_ROUNDS or len(expected) != _HASH_BYTES:
        return False
    return hmac.compare_digest(_derive(password, salt, rounds), expected)


def _derive(password: str, salt: bytes, rounds: int) -> bytes:
    return hashlib.pbkdf2_hmac("sha512", password.encode("utf-8", "surrogatepass"), salt, rounds, _HASH_BYTES)


def _b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _unb64(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
