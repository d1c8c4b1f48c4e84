"""The tasks that take people back who lost to mail that then did not go to them."""

from __future__ import annotations

from typing import Any

from include.orchestration import sends
from include.orchestration.tags import Pool
from include.orchestration.tasks import Stores, stores_task
from include.orchestration.triggers import TriggerRun


def freed() -> Any:
    """Tasks that plan the freed people of each campaign that is being sent; returns the first."""

    @stores_task(pool=Pool.WAREHOUSE)
    def find_freed(stores: Stores, ti: Any = None) -> Any:
        """Find campaigns that lost people to mail that was cancelled or withheld; returns the runs that take them back."""
        from include.dispatch.plan.take_back import due

        return sends.resume_triggers(due(stores, lambda name: sends.is_running(ti, name)), once=True)

    due_runs: Any = find_freed()
    TriggerRun.partial(task_id="send_freed", doc_md="Send them the mail that they lost.").expand_kwargs(due_runs)
    return due_runs
