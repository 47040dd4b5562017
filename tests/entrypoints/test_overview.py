"""The overview page: what a person sees at a glance, in French or English, with nobody's name and no script."""

import re
from dataclasses import replace
from datetime import time
from html import unescape

import pytest

from gateway.domain.directory import Mode, Operator
from gateway.domain.ids import OperatorId, VenueId
from gateway.domain.presence import Standing
from gateway.entrypoints.pages import prefers_french
from tests import builders
from tests.builders import EXIT, FRONT, MONTREUIL
from tests.e2e.scene import LYON_FRONT
from tests.entrypoints.http import Reply, ask
from tests.gateways import ON_SHARED_LOOP, House

EVIL = "<script>alert('1')</script>\"><img src=x onerror=alert(1)>"


async def page(house: House, language: str = "en") -> Reply:
    """The overview as that reader gets it."""
    return await ask(house, "GET", "/", Accept_Language=language)


def rows(text: str, table: str) -> list[list[str]]:
    """The text of a table's cells, row by row."""
    body = text.split(f'class="{table}"')[1].split("<tbody>")[1].split("</tbody>", maxsplit=1)[0]
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL) for row in body.split("<tr>")[1:]]
    return [[" ".join(unescape(cell).split()) for cell in row] for row in cells]


async def test_the_page_tells_who_was_answered_what_and_how_many_are_inside(house: House) -> None:
    first, second = await house.person(), await house.person()
    front, way_out, lyon = [await house.door(ref) for ref in (FRONT, EXIT, LYON_FRONT)]
    await house.shows(front, first)
    await house.shows(front, second)
    house.clock.advance(90)
    await house.shows(way_out, first)
    await house.gateway.set_pass_standing(second.ref, Standing.REVOKED, "test")
    await house.shows(lyon, second)

    text = (await page(house)).text

    assert rows(text, "decisions") == [
        ["09:01:30", "lyon/front", "✕ Pass cancelled: ask your operator for a new one."],
        ["09:01:30", "montreuil/exit", "✓ Goodbye, see you soon."],
        ["09:00:00", "montreuil/front", "✓ Welcome, push the door."],
        ["09:00:00", "montreuil/front", "✓ Welcome, push the door."],
    ]
    assert rows(text, "venues") == [
        ["Poste de Lyon", "Operator FR*LPO", "2", "0", "normal"],
        ["Atelier Montreuil", "Operator FR*ATL", "5", "1", "normal"],
    ]
    assert re.findall(r"<b>(\d+)</b>", text) == ["3", "1", "0"]


async def test_the_page_speaks_french_to_who_prefers_it(house: House) -> None:
    await house.shows(await house.door(FRONT), await house.person())
    await house.gateway.set_mode(MONTREUIL, Mode.LOCKDOWN, "gas", "warden")
    french = (await page(house, "fr-FR,fr;q=0.9,en;q=0.8")).text
    assert '<html lang="fr">' in french
    assert rows(french, "decisions") == [["09:00:00", "montreuil/front", "✓ Bienvenue, poussez la porte."]]
    assert rows(french, "venues")[1][-1] == "confinement"
    english = (await page(house, "en-GB")).text
    assert '<html lang="en">' in english
    assert rows(english, "venues")[1][-1] == "lockdown"


LANGUAGES = {
    "French of Canada": ("fr-CA", True),
    "English first": ("en-GB,en;q=0.9,fr;q=0.8", False),
    "German, else French, else English": ("de,fr;q=0.8,en;q=0.5", True),
    "English by weight, French by place": ("fr;q=0.5,en;q=0.9", False),
    "both alike: the first": ("fr,en", True),
    "anything": ("*", False),
    "nothing": ("", False),
    "French not at all": ("fr;q=0", False),
    "garbage": ("fr;q=high,;;,=,\x01", False),
}


@pytest.mark.parametrize(("accept", "french"), LANGUAGES.values(), ids=list(LANGUAGES))
def test_which_language_a_reader_prefers(accept: str, french: bool) -> None:
    assert prefers_french(accept) is french


async def test_names_are_shown_as_text_whatever_is_in_them(house: House) -> None:
    stranger = OperatorId("FR*XSS")
    await house.gateway.add_operator(Operator(stranger, EVIL), {})
    await house.gateway.put_venue(builders.venue(id=VenueId("zzz"), name=EVIL, operator=stranger, capacity=40))

    text = (await page(house)).text

    assert EVIL not in text
    assert "<script" not in text
    assert "<img" not in text
    assert rows(text, "venues")[-1] == [EVIL, EVIL, "0", "0 / 40", "normal"]


@ON_SHARED_LOOP
async def test_the_page_names_nobody_and_shows_no_pass(shared_house: House) -> None:
    house, person = shared_house, await shared_house.person()
    shown = person.show(house.clock.now_s)
    door = await house.door(FRONT)
    await door.scans(shown)
    await door.scans(EVIL)
    text = (await page(house)).text
    for secret in (shown, person.ref.id, person.holder, person.number, EVIL, "PW1:"):
        assert secret not in text


@ON_SHARED_LOOP
async def test_a_browser_is_told_to_run_nothing_and_to_fetch_from_nowhere_else(shared_house: House) -> None:
    reply = await page(shared_house)
    policy = dict(part.strip().split(" ", 1) for part in reply.headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["frame-ancestors"] == "'none'"
    assert "script-src" not in policy
    assert "unsafe-inline" not in reply.headers["Content-Security-Policy"]
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert "<script" not in reply.text
    assert " style=" not in reply.text
    fetched = {}
    for address in re.findall(r'(?:href|src)="([^"]*)"', reply.text):
        fetched[address] = (await ask(shared_house, "GET", address)).headers["Content-Type"]
    assert fetched == {
        "/static/passerelle.css": "text/css",
        "/static/passerelle.svg": "image/svg+xml",
        "/docs": "text/html; charset=utf-8",
    }


async def test_a_gateway_where_nothing_happened_yet_says_so(house: House) -> None:
    assert rows((await page(house)).text, "decisions") == [["No scan yet."]]
    assert rows((await page(house, "fr")).text, "decisions") == [["Aucune lecture pour le moment."]]


async def test_a_venue_keeps_its_own_wall_clock(house: House) -> None:
    lyon = builders.venue(id=builders.LYON, operator=builders.HOME, time_zone="America/Cayenne")
    always = builders.hours(time(0), time(0))
    await house.gateway.put_venue(replace(lyon, hours=always))
    await house.shows(await house.door(LYON_FRONT), await house.person())
    assert rows((await page(house)).text, "decisions")[0][0] == "05:00:00"


async def test_the_last_twenty_decisions_are_shown(house: House) -> None:
    door = await house.door(FRONT)
    for _ in range(23):
        await door.scans("PW1:ANY")
    assert len(rows((await page(house)).text, "decisions")) == 20
