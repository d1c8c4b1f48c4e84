"""What the UI shows of a campaign: its page, and the DAG of a campaign file that cannot be read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from airflow.sdk import DAG, task

from include.core.errors import ConfigurationError
from include.orchestration.notifications import TaskFailureNotifier
from include.orchestration.tags import Tag
from include.orchestration.timetables import timetable

if TYPE_CHECKING:
    from include.core.campaign import Campaign


def campaign_page(campaign: Campaign, how: str) -> str:
    """What the UI shows of a campaign's DAG: its file's facts, then how sending works."""
    schedule = f"`{campaign.schedule}` (UTC)" if campaign.schedule else "by hand only"
    return (
        f"### {campaign.name}\n\n**Purpose.** {campaign.purpose}\n\n"
        f"**Who and when.** Segment `{campaign.segment}`, template `{campaign.template}`, schedule {schedule}, "
        f"one message a person per `{campaign.occurrence}`. Owner: {campaign.owner}.\n\n{how.strip()}\n"
    )


def broken_campaign(name: str, error: ConfigurationError) -> DAG:
    """The DAG of a campaign file that cannot be read: it stands in the UI, says where the file is wrong, and sends nothing.

    An error raised while parsing would take every other campaign's DAG with it. It fails each hour, if the campaign was
    switched on: a person is told, instead of nothing being sent at the campaign's own time.
    """
    message = str(error)
    with DAG(
        dag_id=f"send_{re.sub(r'[^A-Za-z0-9_.-]', '_', name)}", dag_display_name=f"BROKEN: {name}",
        schedule=timetable("0 * * * *"), catchup=False, max_active_runs=1, tags=[Tag.SENDS, Tag.BROKEN],
        default_args={"owner": "nobody", "on_failure_callback": [TaskFailureNotifier()]},
        doc_md=f"### The campaign file is wrong\n\n{message}\n\nUntil it is fixed this campaign sends nothing; others do.",
    ) as dag:  # fmt: skip

        @task(retries=0, doc_md=message)
        def campaign_file():
            raise ConfigurationError(message)

        campaign_file()
    return dag
