"""`make new-campaign` writes a campaign that passes `make check` as it is, and overwrites nothing."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from include.core.campaign_file import load_campaign
from include.core.paths import TEMPLATES
from operations import check, new_campaign


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("campaigns", "templates"):
        (tmp_path / name).mkdir()
        monkeypatch.setenv(f"TRADEWIND_{name.upper()}", str(tmp_path / name))
    shutil.copytree(TEMPLATES / "base", tmp_path / "templates" / "base")
    return tmp_path


def test_a_new_campaign_has_no_finding(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert new_campaign.main(["spring_sale"]) == 0
    assert load_campaign("spring_sale").name == "Spring sale"
    assert sorted(path.name for path in (folder / "templates" / "spring_sale").iterdir()) == [
        "body.html.j2", "body.txt.j2", "preheader.txt.j2", "subject.txt.j2",
    ]  # fmt: skip
    assert check.check([check.campaigns, check.templates]) == []
    assert "make preview CAMPAIGN=spring_sale" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["Spring", "1st", "spring sale", "../spring", "a" * 61, ""])
def test_a_name_that_is_none_is_refused(folder: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert new_campaign.main([name]) == 1
    assert "is not a name of small letters" in capsys.readouterr().err
    assert list((folder / "campaigns").iterdir()) == []


@pytest.mark.parametrize("existing", ["campaigns/spring.yaml", "templates/spring"])
def test_nothing_is_overwritten(folder: Path, existing: str, capsys: pytest.CaptureFixture[str]) -> None:
    path = folder / existing
    path.write_text("mine") if path.suffix else path.mkdir()
    assert new_campaign.main(["spring"]) == 1
    assert "exists." in capsys.readouterr().err
    assert len([*(folder / "campaigns").iterdir(), *(folder / "templates").iterdir()]) == 2
