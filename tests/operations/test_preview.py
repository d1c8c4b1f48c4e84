"""`make preview`: the page of the files as they are, on loopback, without Airflow and without a first run."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from include.core.paths import PROJECT
from operations.__main__ import main
from tests.dispatch.test_plan import FILES
from tests.dispatch.test_preview import BOTH, CAMPAIGN_FILE


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A campaign and its template in a folder of their own, and no data folder."""
    (tmp_path / "campaigns").mkdir()
    (tmp_path / "campaigns" / "spring.yaml").write_text(CAMPAIGN_FILE.format(occurrence="week"))
    (tmp_path / "templates" / "spring").mkdir(parents=True)
    for name, text in FILES.items():
        text = text.replace("<html>", '<html lang="en">').replace("_name }}", '_name | default("you") }}')
        (tmp_path / "templates" / "spring" / name).write_text(text + BOTH)
    for name, folder in (("CAMPAIGNS", "campaigns"), ("TEMPLATES", "templates"), ("DATA", "data")):
        monkeypatch.setenv(f"TRADEWIND_{name}", str(tmp_path / folder))
    return tmp_path


@contextmanager
def serving(*arguments: str) -> Iterator[str]:
    """`python -m operations preview …`: the URL that it prints."""
    command = [sys.executable, "-m", "operations", "preview", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=PROJECT, env=os.environ) as server:
        try:
            assert server.stdout
            yield server.stdout.readline().split()[0]
        finally:
            server.terminate()


def test_the_page_follows_edits_and_shows_errors(files: Path) -> None:
    with serving("spring", "--variant", "plain") as url, httpx.Client(base_url=url, timeout=30) as client:
        assert url.startswith("http://127.0.0.1:")
        first = client.get("/")
        assert "News for Ada" in first.text
        assert "fictional" in first.text
        assert "default-src 'none'" in first.headers["content-security-policy"]
        seen = first.text.partition("changes?seen=")[2].partition('"')[0]
        subject = files / "templates" / "spring" / "subject.txt.j2"
        edit = threading.Timer(0.3, subject.write_text, ["Fresh {{ person.frist_name }}"])
        edit.start()
        assert client.get(f"/changes?seen={seen}").text != seen
        assert "Did you mean person.first_name?" in client.get("/").text
        subject.write_text("Fresh news")
        assert "Fresh news" in client.get("/").text
        assert client.get("/", headers={"Host": "evil.example"}).status_code == 400
    assert not (files / "data").exists(), "nothing is kept"


def test_once_writes_the_page_and_the_exit_code_tells_of_errors(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["preview", "spring", "--once", "1", "--locale", "en"]) == 0
    page = files / "data" / "previews" / "spring" / "writer.html"
    assert "News for Ada" in page.read_text()
    (files / "templates" / "spring" / "subject.txt.j2").write_text(BOTH + "{{ prson }}")
    assert main(["preview", "spring", "--once", "1", "--locale", "en"]) == 1
    assert "error: spring/subject.txt.j2, line 1:" in capsys.readouterr().out


def test_a_mistyped_campaign_and_a_taken_port_are_one_line(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["preview", "sprig"]) == 1
    assert "Did you mean spring?" in capsys.readouterr().err
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert main(["preview", "spring", "--port", str(taken.getsockname()[1])]) == 1
    assert "in use by another program" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--port", "abc"], "PORT: 'abc' is not a port. Write a number such as 8090."),
        (["--port", "99999"], "PORT: '99999' is not a port."),
        (
            ["--locale", "germn", "--once", "1"],
            "'germn'. Did you mean de? Known locales: de (German), en (English).",
        ),
        (["--variant", "persnal", "--once", "1"], "Did you mean personal? Known variants: personal, plain."),
        (["--person", "adda", "--once", "1"], "PERSON=adda: is not a fictional person, and there are no subscribers"),
    ],
)
def test_a_choice_that_does_not_exist_is_named(
    files: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    assert main(["preview", "spring", *arguments]) == 1
    said = "".join(capsys.readouterr())
    assert words in said
    assert "Traceback" not in said


def test_before_a_first_run_a_fictional_person_can_be_chosen(files: Path) -> None:
    assert main(["preview", "spring", "--person", "jonas", "--once", "1"]) == 0
    page = (files / "data" / "previews" / "spring" / "writer.html").read_text()
    assert "News for Jonas" in page
    assert "News for Ada" not in page


def test_a_locale_and_a_variant_can_be_named_in_words(files: Path) -> None:
    page = files / "data" / "previews" / "spring" / "writer.html"
    assert main(["preview", "spring", "--locale", "German", "--variant", "Plain", "--once", "1"]) == 0
    assert "German · variant plain" in page.read_text()
    assert "English" not in page.read_text()
    assert "variant personal" not in page.read_text()


def test_a_campaign_without_variants_says_so(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = files / "campaigns" / "spring.yaml"
    path.write_text("".join(path.read_text().partition("variants:")[:1]))
    assert main(["preview", "spring", "--variant", "plain", "--once", "1"]) == 1
    assert "has no variants: everybody gets the same mail. Leave out VARIANT." in "".join(capsys.readouterr())


def test_the_first_page_imports_nothing_that_only_services_need(files: Path) -> None:
    """Their imports take as long as everything else until the page is written."""
    program = (
        "import sys; from operations.__main__ import main; status = main(['preview', 'spring', '--once', '1']); "
        "print(*({name.partition('.')[0] for name in sys.modules} | set(sys.modules))); sys.exit(status)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=PROJECT, env=os.environ, capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.splitlines()[-1].split())
    assert "jinja2" in loaded
    services = {"httpx", "starlette", "uvicorn", "watchfiles", "airflow"}
    assert loaded & {*services, "sqlglot", "sqlalchemy.dialects.postgresql"} == set()
