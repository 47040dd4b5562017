"""`passerelle keys`: show, make, rotate, revoke and publish; works on the key directory, beside a running gateway.

A gateway looks at the directory regularly and takes changes in by itself.
"""

import json
import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import click

from gateway.commands.books import data_option, json_option, not_installed, told, utc
from gateway.compose import system_entropy
from keys import base64url, files
from keys import book as books
from keys.book import Book
from keys.faults import BadForm, FileFault, NoPassphrase, NotListedLongEnough
from keys.ids import KID_BYTES, kid_bytes, kid_text
from keys.lifecycle import RingKey
from keys.ring import Rings
from keys.uses import KeyState, Use

DATABASE = "passerelle.db"
USES = [use.value for use in Use]
EFFECTS = {
    Use.PASS: "every pass it signed is refused at every door; members fetch new ones, visitors need new ones",
    Use.STATUS: "status lists it signed are dropped; the next one, by another key, takes their place",
    Use.GATEWAY: "doors obey nothing it signed: they stay shut until the gateway signs with another key",
    Use.PARTNER: "charge records and statements it signed need another proof",
}


@click.group("keys")
def keys() -> None:
    """Make, show, rotate and revoke signing keys; publish the trust list.

    \b
    Example, a first operator and its keys:
      passerelle keys make --operator FR*ATL --status-uri https://pass.example/v1/status/FR*ATL
      passerelle keys publish
      passerelle keys show
    """


@keys.command()
@data_option
@json_option
@told
def show(data: Path, as_json: bool) -> None:
    """List every key: whose it is, for what, in which state, and from when it may sign. Needs no passphrase.

    \b
    Example:
      passerelle keys show --json
    """
    book = books.decode(_read(data))
    rows = [_row(book, operator, use, key) for operator, use, key in book.each_key()]
    if as_json:
        about = {"federation": book.federation, "version": book.version, "epoch": book.epoch, "due": book.changed}
        click.echo(json.dumps(about | {"keys": rows}))
        return
    click.echo(f"Federation {book.federation}, trust list {book.version} of epoch {book.epoch}, {_age(book)}")
    for row in rows:
        ready = f"  may sign from {row['signs_from']}" if row["state"] == KeyState.NEXT else ""
        click.echo(f"{row['kid']}  {row['operator'] or 'root':8} {row['use']:8} {row['state']:9}{ready}")


@keys.command()
@data_option
@json_option
@click.option("--federation", default="pw", show_default=True, help="Short id of a new federation: passes name it.")
@click.option("--operator", help="Give this operator its rings, e.g. FR*ATL.")
@click.option("--status-uri", help="Where the operator's status list is fetched; the gateway corrects it.")
@told
def make(data: Path, as_json: bool, federation: str, operator: str | None, status_uri: str | None) -> None:
    """Make what is missing: the federation's two roots, and an operator's rings. What there is stays.

    \b
    Example:
      passerelle keys make --operator FR*ATL --status-uri https://pass.example/v1/status/FR*ATL
    """
    directory, now_s = _directory(data), _now_s()
    address = status_uri or f"http://127.0.0.1:8080/v1/status/{operator}"
    books.check_federation(federation)
    if operator is not None:
        books.check_operator(operator, address)
    told_of: list[str] = []
    if not files.has_book(directory):
        passphrase = _passphrase_or_new(directory, told_of)
        rings = Rings.create(directory, passphrase, federation, now_s=now_s, entropy=system_entropy)
        waiting = rings.book.roots.next
        if waiting is not None:
            told_of.append(f"Two roots were made. Keep {directory / f'root.{waiting.kid.hex()}.pem'} offline.")
    else:
        rings = _open(data)
    if operator is not None:
        rings.add_operator(operator, address, now_s)
        told_of.append(f"{operator} has a ring for each use: {', '.join(USES)}.")
    _tell(as_json, {"federation": rings.federation, "operator": operator, "notes": told_of}, "\n".join(told_of))


@keys.command()
@data_option
@json_option
@click.argument("operator", required=False)
@click.argument("use", required=False, type=click.Choice(USES))
@click.option("--root", is_flag=True, help="Rotate the federation's root instead.")
@told
def rotate(data: Path, as_json: bool, operator: str | None, use: str | None, root: bool) -> None:
    """Let the next key take over, and make a new next one. The old key retires and stays listed while it must.

    The next key may sign once the trust list has shown it for that list's maximum age.

    \b
    Example:
      passerelle keys rotate FR*ATL pass
    """
    named = operator is not None and use is not None
    if root == named or (root and operator is not None):
        raise click.UsageError("name OPERATOR and USE, or --root")
    rings, now_s = _open(data), _now_s()
    try:
        key = rings.rotate(operator, Use(use), now_s) if operator and use else rings.rotate_root(now_s)
    except NotListedLongEnough as fault:
        when = "publish the trust list first" if fault.ready_s is None else f"it may from {utc(fault.ready_s)}"
        raise click.ClickException(f"{fault.detail}: {when} ({fault.code})") from fault
    whose = "the federation" if operator is None else f"{operator}, use {use}"
    words = f"Key {key.kid.hex()} signs for {whose} from now on; the gateway publishes, or: passerelle keys publish"
    _tell(as_json, {"kid": key.kid.hex(), "operator": operator, "use": use or "root"}, words)


@keys.command(context_settings={"ignore_unknown_options": True})
@data_option
@json_option
@click.argument("kid")
@click.option("--yes", is_flag=True, help="Do not ask.")
@told
def revoke(data: Path, as_json: bool, kid: str, yes: bool) -> None:
    """Refuse the key KID everywhere, for good, and publish at once; first say what that touches.

    KID is written as `keys show` writes it, or as tokens do.

    \b
    Example:
      passerelle keys revoke 1a2b3c4d
    """
    rings, now_s = _open(data), _now_s()
    found = _kid(kid)
    operator, use = rings.book.locate(found)
    touched = _touched(data, operator, now_s) if use is Use.PASS else {}
    click.echo(f"Key {found.hex()} of {operator or 'the federation'}, use {use or 'root'}:", err=True)
    click.echo(f"  {EFFECTS[use] if use else 'the other root signs the next trust list; doors pin both'}", err=True)
    for what, count in touched.items():
        click.echo(f"  {count} {what}", err=True)
    if not yes:
        click.confirm("Revoke it?", abort=True, err=True)
    rings.revoke(found, now_s)
    version, words = _publish_now(rings, now_s)
    notes = [words, *_without_signer(rings, operator, use)]
    facts = {"kid": found.hex(), "operator": operator, "use": use or "root", "version": version, "touched": touched}
    _tell(as_json, facts | {"notes": notes}, "\n".join(notes))


@keys.command()
@data_option
@json_option
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write the list into this file too.")
@click.option(
    "--after-restore",
    type=click.IntRange(min=0),
    metavar="VERSION",
    help="After a restore: the highest version any door holds; begins a new epoch above it.",
)
@told
def publish(data: Path, as_json: bool, out: Path | None, after_restore: int | None) -> None:
    """Sign the next trust list now. A running gateway serves and announces it within its next round.

    \b
    Example:
      passerelle keys publish --out trust.jwt
    """
    rings = _open(data)
    token = rings.publish(_now_s(), after_restore)
    if out is not None:
        files.write_atomic(out, token.encode(), 0o644)
    book = rings.book
    expires_s = book.published_s + book.max_age_s
    facts = {"version": book.version, "epoch": book.epoch, "expires": expires_s, "roots": _texts(rings.roots)}
    _tell(as_json, facts, f"Trust list {book.version} of epoch {book.epoch} is out, good until {utc(expires_s)}.")


def _directory(data: Path) -> Path:
    return data / "keys"


def _open(data: Path) -> Rings:
    directory = _directory(data)
    _read(data)  # say that there are no rings before asking for a passphrase
    return Rings.load(directory, files.read_passphrase(directory, os.environ), system_entropy)


def _read(data: Path) -> bytes:
    """The rings' public side; says whether the directory is wrong or the keys alone are gone."""
    if not files.has_book(_directory(data)) and not (data / DATABASE).is_file():
        raise not_installed(data)
    return files.read_book(_directory(data))[0]


def _passphrase_or_new(directory: Path, told_of: list[str]) -> bytes:
    try:
        return files.read_passphrase(directory, os.environ)
    except NoPassphrase:
        passphrase = base64url.encode(system_entropy(32)).encode()
        path = files.keep_passphrase(directory, passphrase)
        told_of.append(f"A passphrase was made into {path}; move it elsewhere with {files.PASSPHRASE_FILE}.")
        return passphrase


def _kid(text: str) -> bytes:
    try:
        return kid_bytes(text)
    except BadForm:
        pass
    try:
        kid = bytes.fromhex(text)
    except ValueError:
        kid = b""
    if len(kid) != KID_BYTES:
        raise click.UsageError(f"{text!r} is no kid: 8 hex digits, or 6 characters as in a token")
    return kid


def _row(book: Book, operator: str, use: Use | None, key: RingKey) -> dict[str, Any]:
    ready_s = key.ready_s(book.max_age_s)
    return {
        "kid": key.kid.hex(),
        "jws_kid": kid_text(key.kid),
        "operator": operator or None,
        "use": use or "root",
        "state": key.state,
        "made": utc(key.made_s),
        "listed": None if key.listed_s is None else utc(key.listed_s),
        "signs_from": f"{book.max_age_s // 3600} h after it is published" if ready_s is None else utc(ready_s),
        "passes_until": utc(key.signed_until_s) if key.signed_until_s else None,
        "public": base64url.encode(key.public),
    }


def _touched(data: Path, operator: str, now_s: int) -> dict[str, int]:
    """Passes in force, their holders who are inside somewhere, and doors, as this gateway's books know them."""
    database = data / DATABASE
    if not database.is_file():
        return {}
    questions = {
        "passes of the operator are in force": (
            "SELECT count(*) FROM passes WHERE issuer = ? AND expires_s > ? AND standing <> 'revoked'",
            (operator, now_s),
        ),
        "of its holders are inside now; doors let them out": (
            "SELECT count(*) FROM presences JOIN holders ON holders.id = presences.holder WHERE holders.home = ?",
            (operator,),
        ),
        "doors of this gateway refuse them": ("SELECT count(*) FROM doors", ()),
    }
    with closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True)) as database_read:
        return {
            what: int(database_read.execute(sql, values).fetchone()[0]) for what, (sql, values) in questions.items()
        }


def _publish_now(rings: Rings, now_s: int) -> tuple[int | None, str]:
    try:
        rings.publish(now_s)
    except FileFault as fault:
        return (
            None,
            f"Revoked, and NOT published: {fault}. Put that root's key in its place, then: passerelle keys publish",
        )
    return (
        rings.book.version,
        f"Revoked; trust list {rings.book.version} is out. Doors take it in as soon as they hear of it.",
    )


def _without_signer(rings: Rings, operator: str, use: Use | None) -> list[str]:
    if use is None or rings.book.ring(operator, use).active is not None:
        return []
    waiting = rings.book.ring(operator, use).next
    ready_s = None if waiting is None else waiting.ready_s(rings.book.max_age_s)
    when = "once it is published and a list's maximum age has passed" if ready_s is None else f"from {utc(ready_s)}"
    return [f"{operator} cannot sign for use {use} until its next key may: {when}."]


def _age(book: Book) -> str:
    if not book.version:
        return "not published yet"
    until = f"good until {utc(book.published_s + book.max_age_s)}"
    return f"{until}; changes wait to be published" if book.changed else until


def _tell(as_json: bool, facts: dict[str, Any], words: str) -> None:
    click.echo(json.dumps(facts) if as_json else words)


def _texts(publics: tuple[bytes, ...]) -> list[str]:
    return [base64url.encode(public) for public in publics]


def _now_s() -> int:
    return int(time.time())  # noqa: TID251 - a command's edge
