"""Dagster's UI as a person meets it, driven in a real browser: lineage, quote, approval, progress, report, failure.

Screenshots go to pytest's folder, and to the one that RINGFENCE_SCREENSHOTS names. Skipped where Playwright or
Debian's Chromium is not installed (`.ci/run` installs it).
"""

import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.sizes import whole
from tests.ui import COUNTS, PHONES, SECRET, Place, place

playwright = pytest.importorskip("playwright.sync_api", reason="the browser test needs: pip install playwright")
CHROMIUM = shutil.which("chromium")
__all__ = ["place"]
# Read now: the tests themselves run without the machine's variables.
SCREENSHOTS = os.environ.get("RINGFENCE_SCREENSHOTS")
WRONG = "wrong-secret-of-a-test"
# Seconds that a run with everything in it may take on a loaded machine.
RUN = 90


@pytest.fixture
def page(place: Place) -> "Iterator[playwright.Page]":
    """A browser in which only this machine may be asked for anything."""
    with playwright.sync_playwright() as kit:
        browser = kit.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1500, "height": 1000}, base_url=place.url)
        page.set_default_timeout(120_000)
        playwright.expect.set_options(timeout=120_000)
        page.on("request", lambda request: _ours(place, request.url))
        yield page
        browser.close()


def _ours(place: Place, url: str) -> None:
    if not url.startswith((place.url, "data:", "blob:", place.url.replace("http", "ws"))):
        place.strangers.append(url)


@pytest.fixture
def shot(page: "playwright.Page", tmp_path: Path) -> Callable[[str], None]:
    """Take a picture of the page."""

    def take(name: str) -> None:
        for folder in filter(None, (str(tmp_path / "screenshots"), SCREENSHOTS)):
            page.screenshot(path=Path(folder) / f"{name}.png")

    return take


def launch(page: "playwright.Page") -> None:
    """Launch what the launchpad holds, over all buckets, and stay on the page of the run."""
    page.get_by_role("button", name="Launch Run").click()
    confirm = page.get_by_role("button", name="Confirm")
    playwright.expect(confirm.or_(page.get_by_text("Hide not started steps"))).to_be_visible()
    if confirm.is_visible():
        confirm.click()
    page.wait_for_url("**/runs/*")


def ended(page: "playwright.Page", status: str) -> None:
    """Wait for the end of a run."""
    either = page.get_by_text(re.compile("^(Success|Failure)$")).first
    either.wait_for(timeout=RUN * 1000)
    assert either.inner_text() == status


def drawn(page: "playwright.Page", *names: str) -> None:
    """Every one of these pictures is there and could be drawn."""
    for name in names:
        picture = page.get_by_alt_text(name).first
        picture.scroll_into_view_if_needed()
        playwright.expect(picture).to_be_visible()
        page.wait_for_function("image => image.complete && image.naturalWidth > 0", arg=picture.element_handle())


def a_wrong_key(place: Place, page: "playwright.Page") -> None:
    """A purchase with refused credentials fails, with a sentence that says what to mend."""
    place.sell_to(WRONG, DE=40)
    page.goto("/locations/ringfence/jobs/enrich/playground")
    page.locator(".CodeMirror").click()
    page.keyboard.press("Control+A")
    page.keyboard.insert_text("resources:\n  limits:\n    config:\n      approve_up_to: max\n")
    launch(page)
    ended(page, "Failure")
    sentence = page.get_by_text(re.compile(r"infobip refused the credentials \(HTTP 401\): check INFOBIP_API_KEY"))
    sentence.first.wait_for()


@pytest.mark.skipif(CHROMIUM is None, reason="the browser test needs: apt-get install chromium")
@pytest.mark.timeout(900)
def test_a_purchase_in_the_ui(place: Place, page: "playwright.Page", shot: Callable[[str], None]) -> None:
    """Lineage from left to right, a quote in pictures, its approval by a link, progress, a report.

    Then a wrong key, where tests are whole.
    """
    page.goto("/asset-groups")
    groups = ["sources", "numbers", "purchase", "facts", "served", "report"]
    # In the list at the left and in the graph: the graph's is the one further to the right.
    seen = {name: page.get_by_text(name, exact=True).filter(visible=True) for name in groups}
    for each in seen.values():
        playwright.expect(each).to_have_count(2)
    across = [max(box["x"] for each in found.all() if (box := each.bounding_box())) for found in seen.values()]
    assert across == sorted(across)
    shot("1-lineage")

    page.goto("/locations/ringfence/jobs/quote/playground")
    launch(page)
    ended(page, "Success")

    page.goto("/assets/ringfence/quote")
    drawn(page, "money by country", "savings")
    assert page.get_by_role("cell", name="0.04 EUR", exact=True).count() == 1
    shot("2-quote")
    page.get_by_role("link", name="Open it there").click()
    playwright.expect(page.locator(".CodeMirror-code")).to_contain_text('approve_up_to: "0.84 EUR"')
    shot("3-approval")
    launch(page)
    page.get_by_text(re.compile(r"buying: \d+ of 100 lookups, 0\.\d+ EUR spent")).first.wait_for(timeout=RUN * 1000)
    assert page.get_by_text("Success", exact=True).count() == 0
    shot("4-progress")
    ended(page, "Success")

    page.goto("/assets/ringfence/cost_report")
    page.set_viewport_size({"width": 1500, "height": 1900})
    drawn(page, "spend by day and provider", "budget against the calendar", "coverage by country", "carriers")
    shot("5-report")
    page.get_by_role("button", name="Plots").click()
    page.get_by_text("spent_this_month", exact=True).wait_for()
    playwright.expect(page.locator("canvas").first).to_be_visible()
    shot("6-plots")
    page.set_viewport_size({"width": 1500, "height": 1000})

    if whole():
        a_wrong_key(place, page)
        shot("7-wrong-key")
    assert place.strangers == []
    kept = b"".join(each.read_bytes() for each in (place.folder / "home" / "dagster").rglob("*") if each.is_file())
    kept += (place.folder / "dagster.log").read_bytes()
    assert b"buying:" in kept
    said = [PHONES[country].format(n)[1:] for country, count in {**COUNTS, "DE": 40}.items() for n in range(count)]
    assert [each for each in (SECRET, WRONG, *said) if each.encode() in kept] == []
