"""After `make run`, `python -m tests.docs.pictures http://127.0.0.1:8080` renews Airflow's pictures in docs/images.

Names after the address renew these only. For `approval`, a campaign with `approval: required` must wait for its answer; for
`calendar`, the variable `account_daily_cap` should be set, so that it has something to compare with.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from include.core.paths import PROJECT

CHROMIUM = Path("/usr/bin/chromium")
FOLDER = PROJECT / "docs" / "images"
Page = Any
"""A page of Playwright, whose types are there only with the package."""


def dags(page: Page, url: str) -> None:
    """The list of DAGs."""
    page.goto(f"{url}/dags")
    page.get_by_text("Run journeys").first.wait_for()


def form(page: Page, url: str) -> None:
    """The form of a send."""
    page.goto(f"{url}/dags/send_winback")
    page.get_by_role("button", name="Trigger").first.click()
    page.get_by_text("Run Parameters").first.wait_for()
    page.get_by_text("Test: language").first.wait_for()


def calendar(page: Page, url: str) -> None:
    """What is planned, against what the account may send."""
    page.goto(f"{url}/tradewind/calendar")
    page.get_by_role("heading", name="Calendar").wait_for()


def approval(page: Page, url: str) -> None:
    """A question that waits for its answer."""
    token = page.request.get(f"{url}/auth/token").json()["access_token"]
    asked = f"{url}/api/v2/dags/~/dagRuns/~/hitlDetails?response_received=false&state=awaiting_input"
    found = page.request.get(asked, headers={"Authorization": f"Bearer {token}"}).json()["hitl_details"]
    if not found:
        raise SystemExit("no campaign waits for its approval: start one whose file says approval: required")
    task = found[0]["task_instance"]
    run = quote(task["dag_run_id"], safe="")
    page.goto(f"{url}/dags/{task['dag_id']}/runs/{run}/tasks/{task['task_id']}/required_actions")
    page.get_by_role("button", name="Approve").wait_for()


def journey(page: Page, url: str) -> None:
    """The picture of the abandoned basket with its numbers of people."""
    page.goto(f"{url}/tradewind/journeys")
    page.locator("img").first.wait_for()


PICTURES: dict[str, tuple[Callable[[Page, str], None], int, int]] = {
    "airflow-dags": (dags, 1360, 1100),
    "airflow-form": (form, 1360, 1560),
    "approval": (approval, 1280, 1000),
    "calendar": (calendar, 1280, 1150),
    "journey": (journey, 820, 770),
}
"""By file name: what is shown, and the width and height of the window in pixels."""


def main(url: str, names: Sequence[str] = ()) -> None:
    """Write the pictures with these names, or all."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        for name in names or PICTURES:
            show, width, height = PICTURES[name]
            page = browser.new_page(viewport={"width": width, "height": height})
            page.set_default_timeout(120_000)
            show(page, url)
            page.wait_for_timeout(3_000)
            page.screenshot(path=FOLDER / f"{name}.png")
            page.close()
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1].rstrip("/"), sys.argv[2:])
