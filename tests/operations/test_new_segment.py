"""`make new-segment`: the files that it writes are valid, and none is overwritten."""

from __future__ import annotations

from pathlib import Path

import pytest

from include.core.errors import ConfigurationError
from include.segment.definition import inspect_definition
from operations import new_segment
from tests.sql.cases import Case, differences


def test_new_segment_is_valid_and_its_case_passes(tmp_path: Path) -> None:
    definition, features, *_ = new_segment.create("jazz_fans", tmp_path)

    read, found = inspect_definition(definition)
    assert read is not None
    assert (found, dict(read.defaults)) == ([], {"days": 30})
    like_it = Case(features.parent, "segment", "definitions/engaged")  # the same condition, with the case's parameters
    assert differences(like_it, tmp_path) == []


@pytest.mark.parametrize("name", ["Jazz", "jazz-fans", "", "features", "../x"])
def test_wrong_name_writes_nothing(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigurationError, match="is not a name"):
        new_segment.create(name, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_existing_segment_is_not_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    new_segment.create("jazz_fans", tmp_path)
    with pytest.raises(ConfigurationError, match=r"jazz_fans\.sql: exists"):
        new_segment.create("jazz_fans", tmp_path)
    assert new_segment.main(["vip_customers"]) == 1
    assert "exists. Choose another name" in capsys.readouterr().err
