"""The tasks that end the test of a campaign's variants and send the winner to the rest of its audience."""

from __future__ import annotations

from typing import Any

from include.orchestration import sends
from include.orchestration.tags import Pool
from include.orchestration.tasks import Stores, stores_task
from include.orchestration.triggers import TriggerRun


def winners() -> Any:
    """Tasks that send the winner of each experiment whose test is over; returns the first."""

    @stores_task(pool=Pool.WAREHOUSE)
    def choose_winners(stores: Stores) -> Any:
        """Choose the winner of experiments whose test is over; returns the runs that send it to the rest."""
        from include.analyze.winner import choose_due

        return sends.resume_triggers(choose_due(stores))

    due: Any = choose_winners()
    TriggerRun.partial(task_id="send_rest", doc_md="Send the winner to the rest.").expand_kwargs(due)
    return due
