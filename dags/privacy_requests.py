"""### privacy_requests

**Purpose.** Answer a person's request for their data: export it, or erase it everywhere and prove that it is gone.

**Inputs.** The id of a request. `make privacy DO=export` or `make privacy DO=erase` asks for the address, keeps it in the
data folder with mode 0600, and triggers this DAG. The address is in no parameter, result or log.

**Outputs.** Export: `privacy/exports/<request>.zip` with one JSON file and one CSV file per table. Erasure: the person is
suppressed for good, removed from landed batches, plans, spool, warehouse and published files, and reported to SendGrid's
erase job. Both: a line in `privacy/audit.jsonl`, without the address.

**Triage.**
- `erase_files` waits with *CampaignRunning*: a campaign whose plan contains the person is being sent. The person gets none
  of it. The task is retried; pause the campaign if it takes too long.
- `prove` fails with *ErasureIncomplete*: the message names the files and tables. Clear `erase_files` with all that follows.
- *ConfigurationError* in `find`: there is no open request with this id; one that has ended is in `privacy/audit.jsonl`.
- Every task can be cleared and run again.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import DAG

from include.orchestration import defaults, forms, privacy
from include.orchestration.tags import Pool, Tag
from include.orchestration.tasks import Stores, stores_task

with DAG(
    dag_id="privacy_requests",
    dag_display_name="Privacy requests",
    schedule=None,
    tags=[Tag.PRIVACY, Tag.WRITES_WAREHOUSE],
    params=forms.params(forms.PRIVACY_FORM),
    **defaults.dag_defaults("data", due=timedelta(hours=5), timeout=timedelta(hours=6)),
    doc_md=__doc__,
):

    @stores_task(pool=Pool.WAREHOUSE)
    def find(stores: Stores, params: Any = None) -> Any:
        """Look up the person: subscriber ids and every address, from the warehouse and from landed batches."""
        return privacy.find(stores, params)

    @stores_task(pool=Pool.WAREHOUSE)
    def export(stores: Stores, request: Any) -> Any:
        """Write everything about the person as one zip. Skipped for an erasure."""
        return privacy.export(stores, request)

    @stores_task()
    def suppress(stores: Stores, request: Any) -> Any:
        """Suppress the person for good, here and at SendGrid. Skipped, with the tasks that follow, for an export."""
        return privacy.suppress(stores, request)

    @stores_task()
    def erase_files(stores: Stores, request: Any) -> Any:
        """Erase the person from landed batches, plans, spool, earlier exports and logs."""
        return privacy.erase_files(stores, request)

    @stores_task(pool=Pool.WAREHOUSE)
    def erase_warehouse(stores: Stores, request: Any) -> Any:
        """Erase the person from every table, rewrite the file, and replace the published files."""
        return privacy.erase_warehouse(stores, request)

    @stores_task()
    def erase_at_sendgrid(stores: Stores, request: Any) -> Any:
        """Ask SendGrid to erase what it has of the person."""
        return privacy.erase_at_sendgrid(stores, request)

    @stores_task(pool=Pool.WAREHOUSE)
    def prove(stores: Stores, request: Any) -> Any:
        """Search the data folder and the ledger for the person; fails if they are anywhere."""
        return privacy.prove(stores, request)

    @stores_task(trigger_rule="none_failed_min_one_success")
    def record(stores: Stores, request: Any, exported: Any, proved: Any) -> Any:
        """Append the request to the audit log, without the address, and delete its file."""
        return privacy.record(stores, request, exported=exported, proved=proved)

    request = find()
    proved = prove(request)
    suppress(request) >> erase_files(request) >> erase_warehouse(request) >> erase_at_sendgrid(request) >> proved
    record(request, export(request), proved)
