"""Decorators of tasks that work on the stores, and how a task skips itself."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from airflow.sdk import task
from airflow.sdk.exceptions import AirflowSkipException

from include.core.memory_budget import memory_budget
from include.orchestration import configuration

if TYPE_CHECKING:
    from include.ledger.stores import Stores as Stores
else:
    Stores = Any  # DAG files annotate with it; importing the ledger costs too much while they are parsed.


def stores_task(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """`@task` for a function whose first parameter is the `Stores`; `options` are those of `@task`.

    The ledger is opened before the function runs and closed after it, however it ends. Airflow sees the function without
    that parameter, and passes the others as usual.
    """
    return lambda work: task(multiple_outputs=False, **options)(with_stores(work))


def with_stores(work: Callable[..., Any]) -> Callable[..., Any]:
    """Bind the first parameter of the function to the open `Stores`: for decorators other than `@task`."""
    signature = inspect.signature(work)
    _, *others = signature.parameters.values()

    @functools.wraps(work)
    def opened(*args: Any, **kwargs: Any) -> Any:
        with memory_budget(), configuration.stores() as stores:
            return work(stores, *args, **kwargs)

    opened.__signature__ = signature.replace(parameters=others)  # type: ignore[attr-defined]
    return opened


def skip_unless(condition: object, reason: str) -> None:
    """Skip the running task, and with it the tasks downstream, unless the condition holds."""
    if not condition:
        raise AirflowSkipException(reason)
