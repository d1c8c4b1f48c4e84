"""What the console shows of this moment, beside the published file."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from include.publish.console.source import Live


def live() -> Live:
    """The account's pace, and from the ledger the breaker's holds and the mail of this day and hour; None if unreadable."""
    from include.orchestration.configuration import account_pace_if_known, log, stores
    from include.publish.console.source import Live
    from include.publish.console.stores import read_ledger

    pace = account_pace_if_known()
    try:
        with stores() as opened:
            return read_ledger(opened.ledger, pace)
    except Exception as error:  # noqa: BLE001 - a page says what is missing, and shows the rest
        log.warning("the ledger could not be read for a page (%s)", type(error).__name__)
        return Live(pace)


def mail(run: str) -> str:
    """The mail of a campaign occurrence (`campaign/occurrence`) as HTML, with the people who clicked at each link."""
    from include.dispatch.preview.frozen import frozen_mail
    from include.orchestration.configuration import paths, stores
    from include.publish.console.stores import clicks_by_link

    campaign, _, occurrence = run.partition("/")
    clicks = clicks_by_link(paths(), campaign, occurrence)
    with stores() as opened:
        return frozen_mail(paths(), opened.ledger, campaign, occurrence, clicks)
