"""The edge's pages in Chromium, at the width of a phone and of a desktop: without scripts, by keyboard, and checked by axe.

`SCREENSHOTS=docs/images pytest tests/edge/test_browser.py` renews the pictures of docs/edge.md, among others.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from include.core.keys import address_key
from include.core.secrets import Secrets
from include.core.shop import PAUSE
from include.core.token import Subject, mint
from include.ledger import consent
from include.ledger.database import Ledger
from include.ledger.suppressions import reasons_in_force
from tests.edge.conftest import Edge
from tests.edge.test_pages import confirm_link

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-core is not installed")

CHROMIUM = Path("/usr/bin/chromium")
WIDTHS = (360, 1280)
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not on this machine (apt-get install chromium)"),
]
Tabs = Callable[..., AbstractContextManager[Any]]


@pytest.fixture(scope="module")
def tabs() -> Iterator[Tabs]:
    """Opens tabs of one browser: `tabs(width, **options of the context)`."""
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])

        @contextmanager
        def tab(width: int, **options: Any) -> Iterator[Any]:
            context = browser.new_context(viewport={"width": width, "height": 800}, **options)
            yield context.new_page()
            context.close()

        yield tab
        browser.close()


@pytest.fixture
def subject(secrets: Secrets) -> Subject:
    return Subject(str(uuid.uuid4()), address_key(secrets.address_key, f"{uuid.uuid4()}@example.org"))


def press(tab: Any, name: str) -> None:
    """Press a button by keyboard, as it is reached with the tabulator; it must show that it has the focus."""
    button = tab.get_by_role("button", name=name, exact=True)
    for _ in range(20):
        tab.keyboard.press("Tab")
        if button.evaluate("button => button === document.activeElement"):
            break
    assert button.evaluate("button => getComputedStyle(button).outlineStyle") == "solid"
    assert button.bounding_box()["height"] >= 44
    with tab.expect_navigation():
        tab.keyboard.press("Enter")


@pytest.mark.parametrize("width", WIDTHS)
def test_preferences_are_chosen_paused_and_stopped_by_keyboard_without_scripts(
    tabs: Tabs, edge: Edge, ledger: Ledger, secrets: Secrets, subject: Subject, width: int
) -> None:
    with tabs(width, java_script_enabled=False) as tab:
        tab.goto(f"{edge.url}/u/{mint(secrets, subject)}?l=en")
        tab.get_by_role("link", name="Choose what you get").click()
        assert tab.get_by_role("banner").inner_text() == "Harbour Records"
        tab.get_by_role("group", name="What you get").get_by_label("Offers and reminders").focus()
        tab.keyboard.press("Space")
        press(tab, "Save")
        assert "Saved." in tab.get_by_role("status").inner_text()
        assert consent.of_person(ledger, subject.address_key) == {"news": True, "offers": False}
        assert not tab.get_by_label("Offers and reminders").is_checked()
        press(tab, "Pause for 30 days")
        assert consent.of_person(ledger, subject.address_key)[PAUSE] is False
        assert tab.locator("time").inner_text() in tab.locator("main").inner_text()
        press(tab, "Send me mail again now")
        assert consent.of_person(ledger, subject.address_key)[PAUSE] is True
        press(tab, "Unsubscribe from all")
        assert reasons_in_force(ledger, subject.address_key) == {"unsubscribe"}
        press(tab, "Send me mail again")
        assert not reasons_in_force(ledger, subject.address_key)


@pytest.mark.parametrize("width", WIDTHS)
def test_an_address_is_confirmed_by_keyboard_without_scripts(
    tabs: Tabs, edge: Edge, ledger: Ledger, secrets: Secrets, subject: Subject, width: int
) -> None:
    with tabs(width, java_script_enabled=False) as tab:
        tab.goto(f"{confirm_link(edge, secrets, subject)}?l=de")
        press(tab, "Ja, schicken Sie mir Post")
        assert tab.get_by_role("heading", level=1).inner_text() == "Danke, Ihre Adresse ist bestätigt"
        assert consent.of_person(ledger, subject.address_key) == {"marketing": True}
        tab.get_by_role("link").click()
        assert tab.get_by_role("heading", level=1).inner_text() == "Ihre Einstellungen für unsere Post"


def faults_of(tab: Any) -> list[str]:
    """What axe finds, and what it does not look for: a page wider than the window, requests to other places."""
    found = axe.Axe().run(tab, options=RULES).response
    assert len(found["passes"]) > 10
    wide = tab.evaluate("document.documentElement.scrollWidth - innerWidth")
    return [f"{rule['id']}: {node['html']}" for rule in found["violations"] for node in rule["nodes"]] + (
        [f"{wide} pixels too wide"] if wide > 0 else []
    )


@pytest.mark.parametrize(("width", "locale", "scheme"), [(360, "de", "light"), (360, "fr", "dark"), (1280, "en", "light")])
def test_pages_are_accessible_in_each_language_and_width(
    tabs: Tabs, edge: Edge, secrets: Secrets, subject: Subject, width: int, locale: str, scheme: str
) -> None:
    token, folder = mint(secrets, subject), os.environ.get("SCREENSHOTS")
    confirm = confirm_link(edge, secrets, subject).removeprefix(edge.url)
    steps = [
        ("unsubscribe", f"/u/{token}", None),
        ("preferences", f"/preferences/{token}", None),
        ("preferences-saved", None, "save"),
        ("preferences-paused", None, "pause"),
        ("preferences-stopped", None, "stop_all"),
        ("confirm", confirm, None),
        ("confirmed", None, "confirm"),
        ("damaged", "/u/nonsense", None),
    ]
    with tabs(width, color_scheme=scheme) as tab:
        for name, path, action in steps:
            if path is not None:
                tab.goto(f"{edge.url}{path}?l={locale}")
            else:
                with tab.expect_navigation():
                    tab.locator(f"form:has(input[value={action}]) button").click()
            assert tab.locator("html").get_attribute("lang") == locale
            assert faults_of(tab) == [], name
            if folder:
                tab.screenshot(path=f"{folder}/edge-{name}-{width}-{locale}.png", full_page=True)
