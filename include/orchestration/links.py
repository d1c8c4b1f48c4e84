"""Links of task instances to pages of the console."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from airflow.sdk import BaseOperatorLink

CONSOLE = "/tradewind"
"""The path of the console (plugins/console.py)."""


class PreviewLink(BaseOperatorLink):
    """The button of `dispatch.plan` that opens the page of a preview; without a link for other runs."""

    name = "Preview"

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        from airflow.configuration import conf

        from include.dispatch.preview.files import page_name, page_of
        from include.orchestration.configuration import paths

        campaign, page = operator.dag_id.removeprefix("send_"), page_name(ti_key.run_id)
        base = urlsplit(conf.get("api", "base_url", fallback="")).path.rstrip("/")
        return f"{base}{CONSOLE}/previews/{campaign}/{page}" if page_of(paths(), campaign, page) else ""


def with_link(result: Any, link: BaseOperatorLink) -> Any:
    """The result of a task, whose task instances get a button for `link`."""
    result.operator.operator_extra_links = [link]
    return result
