"""An ingest run, step by step: the stages, with the watermarks that Airflow keeps in the state of an asset."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from include.orchestration import configuration, runs

if TYPE_CHECKING:
    from include.core.manifest import Manifest
    from include.extract.watermark import AssetState
    from include.ledger.stores import Stores


def land_relations(state: AssetState, dag_run: Any, *, full: bool) -> list[Manifest]:
    """Land each relation of the source, from its watermark less the overlap, without erased people; returns manifests."""
    from include.extract import erase, land, sources, watermark
    from include.ledger import suppressions

    source, overlap, now = configuration.source(), configuration.extract_overlap(), runs.run_moment(dag_run)
    manifests = []
    for relation in sources.relations(source):
        start = watermark.incremental_start if isinstance(source, str) else watermark.incremental_starts
        since = start(state, relation, full=full, now=now, overlap=overlap)
        manifests.append(land.land(configuration.paths(), source, relation, run=dag_run.run_id, since=since))
    with configuration.stores() as stores:
        erased = suppressions.erased_keys(stores.ledger)
        return [erase.leave_out_erased(stores.paths, stores.secrets, erased, manifest) for manifest in manifests]


def validate_batches(stores: Stores, manifests: Sequence[Manifest], *, accept: Sequence[str]) -> Sequence[Mapping[str, Any]]:
    """Validate each landed batch. The ledger then has the withdrawals of consent, even if a rule stops the batch."""
    from include.validate import batch, withdrawals

    with withdrawals.sync_withdrawals_on_exit(stores):
        return [batch.validate_batch(stores.paths, manifest, accept=accept) for manifest in manifests]


def merge_batches(
    stores: Stores, state: AssetState, dag_run: Any, manifests: Sequence[Manifest]
) -> Sequence[Mapping[str, Any]]:
    """Merge each validated batch and advance its watermark. The ledger then has the withdrawals of consent."""
    from include.extract import watermark
    from include.validate import merge, withdrawals

    merged = []
    with withdrawals.sync_withdrawals_on_exit(stores):
        for manifest in manifests:
            watermark.record_merge_start(state)
            merged.append(merge.merge_batch(stores.paths, manifest))
            watermark.store_watermark(state, manifest, runs.run_moment(dag_run))
    return merged
