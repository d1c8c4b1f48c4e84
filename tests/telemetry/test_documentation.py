"""docs/observability.md lists the metrics and spans that the code has, and options that Airflow has."""

from __future__ import annotations

import re

from include.core import metrics
from include.core.metrics import Metric
from include.core.paths import PROJECT

TEXT = (PROJECT / "docs" / "observability.md").read_text()
ALL = {metric.name: metric for metric in vars(metrics).values() if isinstance(metric, Metric)}


def test_the_documented_metrics_are_those_of_the_code_with_their_labels() -> None:
    rows = re.findall(r"^\| `(tradewind\.[\w.]+)` \| (.*?) \|", TEXT, re.MULTILINE)
    assert {name: tuple(re.findall(r"`(\w+)`", labels)) for name, labels in rows} == {
        metric.name: metric.labels for metric in ALL.values()
    }


def test_the_documented_spans_are_those_of_the_code() -> None:
    code = "".join(path.read_text() for path in (PROJECT / "include" / "dispatch").rglob("*.py"))
    named = set(re.findall(r"telemetry\.(?:span|root)\(\s*\"([\w.]+)\"", code))
    assert set(re.findall(r"^\| `(dispatch[\w.]*)` \|", TEXT, re.MULTILINE)) == named


def test_options_of_airflow_exist() -> None:
    from airflow.configuration import conf
    from airflow.providers.openlineage.get_provider_info import get_provider_info

    of_provider = {name: about["options"] for name, about in get_provider_info()["config"].items()}  # type: ignore[no-untyped-call]  # the provider's
    for section, option in re.findall(r"AIRFLOW__([A-Z]+)__([A-Z_]+)=", TEXT):
        known = conf.has_option(section.lower(), option.lower()) or option.lower() in of_provider.get(section.lower(), {})
        assert known, option
