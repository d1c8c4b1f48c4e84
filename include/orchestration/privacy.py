"""A privacy request, step by step. Tasks pass the request's id; its file in the data folder names the person."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from include.core.errors import ErasureIncomplete
from include.orchestration import configuration, runs
from include.orchestration.tasks import skip_unless

if TYPE_CHECKING:
    from include.core.person import Person
    from include.core.privacy_request import Kind, PrivacyRequest
    from include.ledger.stores import Stores


def find(stores: Stores, params: Mapping[str, Any]) -> str:
    """Look up the person of the request in the form, and note them in its file; returns the request's id."""
    from include.core import privacy_request
    from include.extract import erase
    from include.privacy import person

    request = privacy_request.read(stores.paths, params["request"])
    if request.person is None:
        ids = person.subscriber_ids(stores, request.address)
        landed = erase.landed_addresses(stores.paths, ids)
        privacy_request.with_person(stores.paths, request, person.find_person(stores, request.address, ids, landed))
    return request.id


def export(stores: Stores, request_id: str) -> Any:
    """Write the person's data as one zip; skipped for a request to erase."""
    from include.privacy.export import export_person

    request, person = _request(stores, request_id, "export")
    return export_person(stores, request, person)


def suppress(stores: Stores, request_id: str) -> Any:
    """Suppress the person for good; skipped, with all that follows, for a request to export."""
    from include.privacy import erase

    _, person = _request(stores, request_id, "erase")
    return {"suppressed_addresses": erase.suppress_person(stores, configuration.account(), person)}


def erase_files(stores: Stores, request_id: str) -> Any:
    """Erase the person from landed batches, plans, the spool, and from texts such as logs."""
    from include.collect.erase import erase_spool
    from include.dispatch.account.erase import erase_from_plans
    from include.extract.erase import erase_landed
    from include.ledger import journeys
    from include.privacy import scan
    from include.privacy.export import delete_exports

    _, person = _request(stores, request_id, "erase")
    return {
        "landed_rows": erase_landed(stores.paths, person),
        "plan_files": erase_from_plans(stores, person),
        "journey_entries": journeys.erase(stores.ledger, person.subscriber_ids, person.pseudonym),
        "spool_batches": erase_spool(stores.paths, person),
        "exports": delete_exports(stores.paths, person),
        "text_files": scan.redact(stores.paths, person, skip=_not_ours(stores, request_id)),
    }


def erase_warehouse(stores: Stores, request_id: str) -> Any:
    """Erase the person from every table of the warehouse and from its file, and from the published files.

    The marts are published twice, to replace the current and the previous file; older ones are removed, also from the
    place that they were copied to.
    """
    from include.privacy import erase
    from include.publish.copies import copy_out
    from include.publish.file import publish
    from include.publish.links import forget_history

    _, person = _request(stores, request_id, "erase")
    changed = erase.erase_from_warehouse(stores.paths, person)
    if (stores.paths.published / "analytics.duckdb").is_file():
        for _ in ("the published file", "the previous one"):
            publish(stores.paths)
        forget_history(stores.paths)
        if place := configuration.place():
            copy_out(stores.paths, place)
    return changed


def erase_at_sendgrid(stores: Stores, request_id: str) -> Any:
    """Ask SendGrid to erase what it has of the person."""
    from include.privacy import erase

    _, person = _request(stores, request_id, "erase")
    return {"job": erase.erase_at_sendgrid(configuration.account(), person)}


def prove(stores: Stores, request_id: str) -> Any:
    """Search everything for the person. Raises `ErasureIncomplete` with the places; there must be none."""
    from include.privacy import scan

    _, person = _request(stores, request_id, "erase")
    found = scan.places(stores.paths, stores.ledger, person, skip=_not_ours(stores, request_id))
    if found:
        raise ErasureIncomplete(
            f"the person is still in {len(found)} places: {'; '.join(found[:20])}.",
            where=f"privacy request {request_id}",
            remedy="Clear the task erase_files, and those after it. A file of another program must be removed by hand.",
        )
    return {"searched": "data folder and ledger", "found": 0}


def record(stores: Stores, request_id: str, *, exported: Any, proved: Any) -> Any:
    """Append the request to the audit log, without the address, and delete its file."""
    from include.core import privacy_request

    return privacy_request.end(stores.paths, privacy_request.read(stores.paths, request_id), exported or proved)


def delete_expired(stores: Stores, dag_run: Any, params: Mapping[str, Any]) -> Any:
    """Delete files and rows that have expired. A run that is not scheduled is a dry run, unless its form says otherwise."""
    from include.privacy import retention

    dry_run = _is_dry_run(dag_run, params)
    return retention.delete_expired(stores, retention.load_retention(), dry_run=dry_run)


def pack_spool(dag_run: Any, params: Mapping[str, Any]) -> Any:
    """Pack the files of past days in the archive of the spool, unless the run is a dry run."""
    from include.collect.compact import compact_archive

    skip_unless(not _is_dry_run(dag_run, params), "a dry run")
    return compact_archive(configuration.paths())


def _is_dry_run(dag_run: Any, params: Mapping[str, Any]) -> bool:
    return not runs.is_scheduled(dag_run) and bool(params["dry_run"])


def without_erased_activities(stores: Stores) -> Callable[[Iterable[Path]], int]:
    """A function that removes the activities of erased people from files of the spool."""
    from include.collect.erase import leave_out_erased
    from include.ledger import suppressions

    return partial(leave_out_erased, secrets=stores.secrets, erased=suppressions.erased_keys(stores.ledger))


def without_erased(stores: Stores) -> Callable[[Iterable[Path]], int]:
    """A function that replaces the addresses of erased people in batches of the spool."""
    from include.collect.erase import replace_erased
    from include.ledger import suppressions

    return partial(replace_erased, secrets=stores.secrets, erased=suppressions.erased_keys(stores.ledger))


def _request(stores: Stores, request_id: str, kind: Kind) -> tuple[PrivacyRequest, Person]:
    from include.core import privacy_request

    request = privacy_request.read(stores.paths, request_id)
    skip_unless(request.kind == kind, f"the request is to {request.kind}")
    assert request.person is not None
    return request, request.person


def _not_ours(stores: Stores, request_id: str) -> list[Path]:
    """What the search leaves out: the source's database, the simulated SendGrid, and the request until it has ended.

    Both have their own duty to erase; SendGrid's is requested by `erase_at_sendgrid`.
    """
    return [stores.paths.demo, stores.paths.simulator, stores.paths.privacy / "requests" / f"{request_id}.json"]
