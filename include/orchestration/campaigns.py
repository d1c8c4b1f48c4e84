"""The DAGs of campaign files: their page in the UI, and the DAG of a file with an error."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from airflow.sdk import DAG, get_parsing_context, task

from include.core.campaign_file import campaign_names, load_campaign
from include.core.errors import ConfigurationError
from include.orchestration.notifications import TaskFailureNotifier
from include.orchestration.tags import Tag
from include.orchestration.timetables import timetable

if TYPE_CHECKING:
    from include.core.campaign import Campaign


def campaign_dags(build: Callable[[Campaign], DAG]) -> dict[str, DAG]:
    """The DAG of every campaign file, by id: `build`'s, or `broken_campaign`'s for a file with an error.

    In a task, only the DAG to which it belongs: its process needs no other.
    """
    dags, running = {}, get_parsing_context().dag_id
    for name in campaign_names():
        if running not in (None, dag_id(name)):
            continue
        try:
            dag = build(load_campaign(name))
        except ConfigurationError as error:
            dag = broken_campaign(name, error)
        dags[dag.dag_id] = dag
    return dags


def dag_id(campaign: str) -> str:
    """The id of the DAG that sends a campaign; Airflow takes no other characters."""
    return f"send_{re.sub(r'[^A-Za-z0-9_.-]', '_', campaign)}"


def campaign_page(campaign: Campaign, how_it_works: str) -> str:
    """The documentation of a campaign's DAG: the facts of its file, then how sending works."""
    schedule = f"`{campaign.schedule}` ({campaign.time_zone})" if campaign.schedule else "manual only"
    content = f"template `{campaign.template}`" if campaign.template else "a dynamic template at SendGrid"
    return (
        f"### {campaign.name}\n\n**Purpose.** {campaign.purpose}\n\n"
        f"**Who and when.** Segment `{campaign.segments}`, {content}, schedule {schedule}, "
        f"one message per person and `{campaign.occurrence}`. Owner: {campaign.owner}.\n\n{how_it_works.strip()}\n"
    )


def broken_campaign(name: str, error: ConfigurationError) -> DAG:
    """The DAG of a campaign file with an error: it appears in the UI, shows the error, and sends nothing.

    Raising the error while parsing would remove the DAGs of all campaigns. This DAG fails every hour if it is not paused, so
    that the operator is alerted instead of the campaign silently not being sent.
    """
    message = str(error)
    with DAG(
        dag_id=dag_id(name), dag_display_name=f"BROKEN: {name}",
        schedule=timetable("0 * * * *"), catchup=False, max_active_runs=1, tags=[Tag.SENDS, Tag.BROKEN],
        default_args={"owner": "nobody", "on_failure_callback": [TaskFailureNotifier()]},
        doc_md=f"### The campaign file has an error\n\n{message}\n\nThis campaign sends nothing until the file is fixed.",
    ) as dag:  # fmt: skip

        @task(retries=0, doc_md=message)
        def campaign_file() -> None:
            raise ConfigurationError(message)

        campaign_file()
    return dag
