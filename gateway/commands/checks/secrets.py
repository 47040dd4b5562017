"""Secrets: the keys, what opens them, who may read them, and the list that says who may sign."""

from pathlib import Path

from gateway.commands.checks.finding import Finding, Patient, fault, fine, warning
from gateway.commands.checks.machine import OTHERS
from keys import files
from keys.faults import Expired, KeyFault
from keys.ring import Rings
from keys.trust_view import TrustView

SECRET = ("api.token", "handles.json", "keys", "door")
"""What in a data directory nobody else may read."""


def keys(patient: Patient) -> Finding | None:
    """Whether the private keys can be opened."""
    directory = patient.data / "keys"
    if not patient.has_books:
        return None
    if not files.has_book(directory):
        return fault(
            f"{directory} holds no keys",
            "Restore the directory keys from its backup: without it nothing that was issued can be vouched for.",
        )
    try:
        rings = _rings(patient)
    except KeyFault as error:
        return fault(
            f"the keys cannot be used: {error}",
            "Give the right passphrase (PASSERELLE_KEY_PASSPHRASE or PASSERELLE_KEY_PASSPHRASE_FILE), or restore the "
            "directory keys from its backup.",
        )
    return fine(f"of {len(rings.book.operators)} operators, opened")


def private_files(patient: Patient) -> Finding | None:
    """Whether other accounts of the machine can read what is secret."""
    if not patient.data.is_dir():
        return None
    loose = [str(path.relative_to(patient.data)) for path in _secrets(patient.data) if path.stat().st_mode & OTHERS]
    if loose:
        return warning(f"other accounts may read {', '.join(sorted(loose)[:3])}", f"chmod -R go= {patient.quoted}")
    return fine("readable by their owner alone")


def trust_list(patient: Patient) -> Finding | None:
    """Whether the last trust list still counts at doors."""
    if not patient.has_books or not files.has_book(patient.data / "keys"):
        return None
    serve = f"Run the gateway, which publishes a fresh one: passerelle serve --data {patient.quoted}"
    try:
        rings = _rings(patient)
        latest = rings.latest_trust_list()
        if latest is None:
            return warning("no trust list was published yet", serve)
        view = TrustView.pinned(rings.roots).with_trust_list(latest, patient.now_s)
    except Expired:
        return warning("the last trust list has expired: doors believe nobody", serve)
    except KeyFault as error:
        return fault(f"the trust list cannot be read: {error}", "Restore the directory keys from its backup.")
    lost = _root_lost(patient, rings)
    if lost is not None:
        return fault(
            f"version {view.version} is in force, and no next one can be signed: {lost}",
            "Put that root's key back from its backup before the list expires: doors believe nobody after that.",
        )
    return fine(f"version {view.version}, in force")


def _root_lost(patient: Patient, rings: Rings) -> str | None:
    """Why the root that signs trust lists cannot; a day without one, and no door opens."""
    root, directory = rings.book.roots.active, patient.data / "keys"
    if root is None:
        return "no root may sign"
    if not root.hosted:
        return None
    try:
        files.read_private(
            directory / f"root.{root.kid.hex()}.pem", files.read_passphrase(directory, patient.environment)
        )
    except KeyFault as error:
        return str(error)
    return None


def _rings(patient: Patient) -> Rings:
    directory = patient.data / "keys"
    return Rings.load(directory, files.read_passphrase(directory, patient.environment), _no_entropy)


def _no_entropy(count: int) -> bytes:
    message = f"a check draws no randomness, and was asked for {count} bytes"
    raise RuntimeError(message)


def _secrets(data: Path) -> list[Path]:
    there = [data / name for name in SECRET if (data / name).exists()]
    return there + [path for top in there if top.is_dir() for path in top.rglob("*")]
