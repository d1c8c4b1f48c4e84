"""The nightly report: the page and figures beside the published file, and the tasks that mail it to the team."""

from __future__ import annotations

from typing import Any

from airflow.sdk import task_group

from include.orchestration import configuration, runs
from include.orchestration.links import console_url
from include.orchestration.tags import Pool
from include.orchestration.tasks import Stores, skip_unless, stores_task


def write_report(stores: Stores) -> str:
    """Write the HTML report and the figures of the mail; returns the page's path within the data folder."""
    from include.publish import report, report_figures
    from include.publish.console.stores import read_ledger

    report_figures.write_figures(stores.paths, lambda: read_ledger(stores.ledger, None))
    return report.write_report(stores.paths, console_url())


@task_group
def dispatch() -> None:
    """Freeze and send the day's report, once; skipped where nobody gets it."""

    @stores_task(pool=Pool.WAREHOUSE)
    def plan(stores: Stores, dag_run: Any = None) -> Any:
        """Freeze the day's report to the team; skipped if the file of seed addresses names nobody who gets it."""
        from include.core.seeds import load_nightly_report
        from include.dispatch.report_mail.mail import freeze_report

        skip_unless(load_nightly_report(), "nobody gets the report by mail")
        at, where = runs.run_moment(dag_run), {"edge_url": configuration.edge_url(), "console": console_url()}
        plan_id = freeze_report(stores, configuration.account(), day=at.date(), at=at, **where)
        skip_unless(plan_id, "every addressee is suppressed")
        return plan_id

    @stores_task(pool=Pool.SENDGRID)
    def send_report(stores: Stores, plan_id: str) -> Any:
        """Send it, once a day to each addressee however often the task runs."""
        from include.dispatch.report_mail import mail

        return mail.send_report(stores, configuration.account(), plan_id, configuration.account_pace())

    send_report(plan())
