"""### audit

**Purpose.** Check once a month what a mailbox provider, a regulator or an auditor would ask: authentication records, a tried
unsubscribe, consent, suppressions, complaints, keys, access, and what nobody uses.

**Inputs.** SendGrid's account, the DNS, the edge's public address, Airflow's configuration, campaign files, the
warehouse and the ledger.

**Outputs.** `core.audit_checks`, and `marts.audit_checks` with the next `nightly_analytics`: a verdict (pass, unknown, warn,
fail), the evidence and an advice per check. The page *Audit*. An alert if a verdict got worse. Nothing else is changed.

**Triage.**
- `ask` or `measure` fails: the checks of that task are recorded as unknown. Clear the task and `record`.
- A check is *unknown*: it could not be asked. Its advice says why.
- Any other verdict is no failure of the DAG: follow the advice, see docs/runbook/audit.md.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import DAG, task

from include.orchestration import audit, defaults, timetables
from include.orchestration.tags import Pool, Tag
from include.orchestration.tasks import Stores, stores_task

with DAG(
    dag_id="audit",
    dag_display_name="Audit",
    schedule=timetables.timetable("0 5 1 * *", grace=True),
    tags=[Tag.AUDIT, Tag.WRITES_WAREHOUSE],
    **defaults.dag_defaults("operations", due=timedelta(minutes=60), timeout=timedelta(hours=2)),
    doc_md=__doc__,
):

    @stores_task()
    def ask(stores: Stores) -> Any:
        """Ask SendGrid, the DNS, the edge, campaign files and Airflow's configuration."""
        return audit.ask(stores)

    @stores_task(pool=Pool.WAREHOUSE)
    def measure(stores: Stores, dag_run: Any = None) -> Any:
        """Measure the list: addresses, engagement, consent, suppressions, complaints; and the age of the keys."""
        return audit.measure(stores, dag_run)

    @task(pool=Pool.WAREHOUSE, trigger_rule="all_done")
    def record(halves: Any, dag_run: Any = None) -> Any:
        """Record the results, write the page, and alert if a verdict got worse. A failed task's checks are unknown."""
        return audit.record(halves, dag_run)

    record([ask(), measure()])
