"""The task that copies published builds to their place."""

from __future__ import annotations

from airflow.sdk import task

from include.orchestration import configuration
from include.orchestration.tags import Pool


@task(pool=Pool.WAREHOUSE)
def copy_out() -> str | None:
    """Copy the build to the place that the connection `published_builds` names; without it, there is nothing to do.

    In the pool, so that no erasure publishes meanwhile: its copies would be replaced by this older one.
    """
    from include.publish import copies

    place = configuration.place()
    return copies.copy_out(configuration.paths(), place) if place else None
