"""Lineage events by OpenLineage: what each task reads and writes, as its assets say.

Airflow's provider sends the events where a transport is configured (docs/observability.md#lineage), and loads this module
only then. It converts assets by converters of installed providers, each for the scheme of a known system, and none for
ours; so `AIRFLOW__OPENLINEAGE__EXTRACTORS` names the extractor below.
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from airflow.providers.openlineage import conf
from airflow.providers.openlineage.extractors import BaseExtractor, OperatorLineage
from airflow.sdk import Asset
from openlineage.client.event_v2 import Dataset
from openlineage.client.facet_v2 import DatasetFacet, RunFacet, documentation_dataset

OPERATORS = ["_PythonDecoratedOperator"]
"""The types of the tasks that have inlets and outlets: `@task` and `@stores_task`."""


class AssetExtractor(BaseExtractor):
    """Inputs and outputs of a task: its inlets and outlets, however the task ends. No source code, no arguments."""

    @classmethod
    def get_operator_classnames(cls) -> list[str]:
        """The types of operators for which the provider asks this class."""
        return OPERATORS

    def _execute_extraction(self) -> OperatorLineage[Dataset, RunFacet]:
        return OperatorLineage(inputs=datasets(self.operator.inlets), outputs=datasets(self.operator.outlets))


def datasets(assets: Iterable[object]) -> list[Dataset]:
    """The assets as datasets of the installation's namespace: `x-tradewind://warehouse/core/x` is `warehouse/core/x`."""
    return [_dataset(asset) for asset in assets if isinstance(asset, Asset)]


def _dataset(asset: Asset) -> Dataset:
    place = urlsplit(asset.uri)
    what = str(asset.extra.get("what") or asset.name)
    facets: dict[str, DatasetFacet] = {"documentation": documentation_dataset.DocumentationDatasetFacet(description=what)}
    return Dataset(namespace=conf.namespace(), name=f"{place.netloc}{place.path}", facets=facets)
