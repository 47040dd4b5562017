"""The overview page in a real browser: it renders, fits a telephone, and the console stays silent."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Page, async_playwright

from gateway.domain.directory import Mode
from tests.builders import FRONT, MONTREUIL
from tests.gateways import House

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
pytestmark = pytest.mark.chromium


@pytest.fixture(autouse=True)
def chromium() -> None:
    """Skips where there is no Chromium, and fails there if services are required."""
    if not Path(CHROMIUM).exists():
        if os.environ.get("PASSERELLE_REQUIRE_SERVICES") == "1":
            pytest.fail(f"{CHROMIUM} is required here and not installed")
        pytest.skip(f"{CHROMIUM} is not installed")


@asynccontextmanager
async def opened(url: str, locale: str) -> AsyncIterator[tuple[Page, list[str]]]:
    """The page, and what its console complained of."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        try:
            page = await browser.new_page(locale=locale, viewport={"width": 390, "height": 844})
            complaints: list[str] = []
            page.on("console", lambda message: complaints.append(f"{message.type}: {message.text}"))
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.on("requestfailed", lambda request: complaints.append(f"failed: {request.url}"))
            await page.goto(url)
            yield page, complaints
        finally:
            await browser.close()


async def test_a_person_reads_the_last_decisions_on_a_telephone_and_sees_the_next_one_come(house: House) -> None:
    door = await house.door(FRONT)
    await house.shows(door, await house.person())
    await house.gateway.set_mode(MONTREUIL, Mode.LOCKDOWN, "gas", "warden")

    async with opened(house.gateway.http_url, "fr-FR") as (page, complaints):
        answers = page.locator(".decisions td:last-child")
        assert await answers.all_inner_texts() == ["✓ Bienvenue, poussez la porte."]
        assert await page.locator(".venues .no").inner_text() == "confinement"
        widths = await page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
        assert widths[0] <= widths[1], "nothing sticks out"

        await door.scans("PW1:<script>alert(1)</script>")
        await page.locator(".decisions .no").wait_for(timeout=10_000)

        assert await answers.all_inner_texts() == [
            "✕ Code illisible : montrez le pass en entier, écran plus lumineux.",
            "✓ Bienvenue, poussez la porte.",
        ]
        cells = [page.locator(f".decisions .{answer}").first for answer in ("yes", "no")]
        colours = {await cell.evaluate("cell => getComputedStyle(cell).color") for cell in cells}
        assert len(colours) == 2, "the stylesheet was applied"
        assert complaints == []
