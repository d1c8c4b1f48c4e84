"""Links of task instances to pages of the console."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from airflow.sdk import BaseOperatorLink

CONSOLE = "/tradewind"
"""The path of the console (plugins/console.py)."""
JOURNEY_PREVIEWS = "preview_journey"
"""The DAG that previews and tests the mails of journeys."""


class PreviewLink(BaseOperatorLink):
    """The button of `dispatch.plan` that opens the page of a preview; without a link for other runs."""

    name = "Preview"

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        from include.dispatch.preview.files import page_name, page_of
        from include.orchestration.configuration import paths

        page = page_name(ti_key.run_id)
        found = next((each for each in _campaigns(operator.dag_id) if page_of(paths(), each, page)), None)
        return page_url(f"previews/{found}/{page}") if found else ""


def page_url(page: str) -> str:
    """The address of a preview in the console; `page` is its file, relative to the data folder."""
    from airflow.configuration import conf

    return f"{urlsplit(conf.get('api', 'base_url', fallback='')).path.rstrip('/')}{CONSOLE}/{page}"


def console_url() -> str:
    """The whole address of the console, for files that are opened outside of Airflow; '' if Airflow has no base URL."""
    from airflow.configuration import conf

    base = str(conf.get("api", "base_url", fallback="")).rstrip("/")
    return f"{base}{CONSOLE}/console" if base else ""


def _campaigns(dag_id: str) -> list[str]:
    """The campaigns of which a run of the DAG may have a preview: its own, or the mails of all journeys."""
    from include.core.journey_mail import campaign_id, step_mails

    if dag_id == JOURNEY_PREVIEWS:
        return [campaign_id(mail) for mail in step_mails()]
    return [dag_id.removeprefix("send_")]


def with_link(result: Any, link: BaseOperatorLink) -> Any:
    """The result of a task, whose task instances get a button for `link`."""
    result.operator.operator_extra_links = [link]
    return result
