"""The documentation in a real browser: styled, silent, reachable by keyboard, and nothing sticks out on a telephone."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal

import pytest
from playwright.async_api import Page, async_playwright

from tests.entrypoints.test_overview_chromium import CHROMIUM, FLAGS, chromium
from tests.gateways import House

__all__ = ["chromium"]
pytestmark = pytest.mark.chromium
PAGES = ("/docs", "/docs/doors", "/docs/api")
Scheme = Literal["light", "dark"]
# relative luminance and contrast of WCAG 2.2, of every element that has text of its own against what is behind it
CONTRAST = """() => {
  const light = c => c.map(v => v / 255).map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
  const rgb = text => text.match(/[\\d.]+/g).map(Number);
  const behind = each => { for (; each; each = each.parentElement) {
    const c = rgb(getComputedStyle(each).backgroundColor); if (c.length < 4 || c[3] > 0) return c.slice(0, 3); }
    return [255, 255, 255]; };
  const found = [];
  for (const each of document.querySelectorAll('body *')) {
    if (![...each.childNodes].some(n => n.nodeType === 3 && n.data.trim())) continue;
    const pair = [rgb(getComputedStyle(each).color).slice(0, 3), behind(each)].map(light).sort((a, b) => b - a);
    found.push([(pair[0] + .05) / (pair[1] + .05), each.tagName + ': ' + each.textContent.trim().slice(0, 40)]);
  }
  return found.sort((a, b) => a[0] - b[0])[0];
}"""


@asynccontextmanager
async def browser_page(scheme: Scheme, width: int, locale: str = "fr-FR") -> AsyncIterator[tuple[Page, list[str]]]:
    """A page, and what its console complains of."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        try:
            page = await browser.new_page(locale=locale, color_scheme=scheme, viewport={"width": width, "height": 844})
            complaints: list[str] = []
            page.on("console", lambda message: complaints.append(f"{message.type}: {message.text}"))
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.on("requestfailed", lambda request: complaints.append(f"failed: {request.url}"))
            yield page, complaints
        finally:
            await browser.close()


@pytest.mark.parametrize(("scheme", "width"), [("light", 360), ("dark", 360), ("light", 1280), ("dark", 1280)])
async def test_the_pages_are_legible_and_fit(house: House, scheme: Scheme, width: int) -> None:
    async with browser_page(scheme, width) as (page, complaints):
        for path in PAGES:
            await page.goto(house.gateway.http_url + path)
            await page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true })")
            widths = await page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
            assert widths[0] <= widths[1], f"{path} sticks out"
            contrast, where = await page.evaluate(CONTRAST)
            assert contrast >= 4.5, f"{path}: {where} has {contrast:.2f}"
        assert complaints == []


async def test_a_reader_without_a_mouse_opens_an_operation_and_its_command_is_there(house: House) -> None:
    async with browser_page("light", 1280, "en-GB") as (page, complaints):
        await page.goto(f"{house.gateway.http_url}/docs/api")
        await page.keyboard.press("Tab")
        assert await page.evaluate("document.activeElement.textContent") == "Skip to the content"
        await page.locator("summary").first.focus()
        await page.keyboard.press("Enter")
        command = page.locator("details[open] pre").first
        assert (await command.inner_text()).startswith("curl ")
        await page.goto(f"{house.gateway.http_url}/docs/doors")
        await page.locator(".contents a", has_text="Reasons").click()
        assert await page.locator("#schema-Reason").evaluate(
            "each => Math.round(each.getBoundingClientRect().top) < 100"
        )
        assert complaints == []
