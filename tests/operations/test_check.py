"""`make check`: every mistake in the files that marketers write is found at once, at its line, in plain words."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from include.core.finding import Finding
from include.core.paths import CAMPAIGNS, JOURNEYS, PROJECT, SHOP, TEMPLATES
from operations import check
from tests.segment.test_definition import write

_BLOCK = "{% block content %}"


@dataclass(frozen=True)
class Files:
    """Copies of the shipped files in a folder of their own."""

    root: Path

    def edit(self, name: str, old: str, new: str) -> None:
        path = self.root / name
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    def line(self, name: str, words: str) -> int:
        lines = (self.root / name).read_text(encoding="utf-8").splitlines()
        return next(number for number, line in enumerate(lines, 1) if words in line)

    def findings(self) -> list[tuple[str, int, str, str]]:
        return [self._row(finding) for finding in check.check()]

    def _row(self, finding: Finding) -> tuple[str, int, str, str]:
        name = str(finding.path.relative_to(self.root)) if finding.path.is_relative_to(self.root) else finding.path.name
        return name, finding.line, finding.severity, f"{finding.what} {finding.remedy}"


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Files:
    for source, name, variable in (
        (CAMPAIGNS, "campaigns", "TRADEWIND_CAMPAIGNS"),
        (TEMPLATES, "templates", "TRADEWIND_TEMPLATES"),
        (JOURNEYS, "journeys", "TRADEWIND_JOURNEYS"),
        (SHOP, "shop.yaml", "TRADEWIND_SHOP"),
    ):
        shutil.copytree(source, tmp_path / name) if source.is_dir() else shutil.copy(source, tmp_path / name)
        monkeypatch.setenv(variable, str(tmp_path / name))
    return Files(tmp_path)


@pytest.mark.parametrize(
    ("name", "old", "new", "words"),
    [
        ("campaigns/newsletter.yaml", "segment: newsletter_readers", "segment: news_readers", "mean newsletter_readers?"),
        ("campaigns/newsletter.yaml", "topic: news ", "topic: mews ", "Did you mean news?"),
        ("campaigns/newsletter.yaml", "template: newsletter", "template: newsleter", "Did you mean newsletter?"),
        ("campaigns/newsletter.yaml", "occurrence: week", "occurrence: weak", "Did you mean week?"),
        ("campaigns/newsletter.yaml", "schedule:", "schedul:", "Did you mean schedule?"),
        ("campaigns/winback.yaml", "exclude_segments: [new_subscribers]", "exclude_segments: [new_ones]", "Known segments:"),
        ("campaigns/winback.yaml", "id: winback", "id: welcome", "'welcome' is the id of welcome.yaml. Write id: winback."),
        ("campaigns/confirm_reminder.yaml", "campaign: confirm", "campaign: confrim", "Did you mean confirm?"),
        ("templates/welcome/body.html.j2", "person.first_name", "person.frist_name", "Did you mean person.first_name?"),
        ("campaigns/newsletter.yaml", "locales: [en, de, fr]", "locales: [en, de, fr, es]", "is not written in 'es'."),
        ("templates/newsletter/body.html.j2", "{{ button(", "{ button(", "has one brace"),
        ("templates/newsletter/body.de.html.j2", "<h1>", "<h1><b>", "<b> is not closed."),
        ("templates/basket_last_call/body.fr.html.j2", "{% block content %}", "{% block content %}{{ 1 // 0 }}", "(Zero"),
        ("templates/base/parts.html.j2", "<h2>", "<h2><em>", "<em> is not closed."),
        ("templates/welcome/body.txt.j2", "{% block content %}", "{% block content %}{{ persn }}", "Did you mean person?"),
        ("templates/welcome/body.html.j2", _BLOCK, f'{_BLOCK}{{% if person.country == "DE" %}}', "{% if %} is not closed."),
        ("templates/welcome/body.txt.j2", _BLOCK, f'{_BLOCK}{{{{ person.country in ["DE", "UK"] }}}}', "is never 'UK'."),
        ("templates/welcome/body.html.j2", _BLOCK, f"<p>Hello</p>\n{_BLOCK}", "is outside of every block"),
        ("templates/welcome/body.html.j2", _BLOCK, f"{_BLOCK}{{% endfr %}}", "Did you mean endfor?"),
        ("templates/welcome/body.html.j2", _BLOCK, f"{_BLOCK}{{% endif %}}", "{% endif %} closes nothing"),
        ("templates/newsletter/body.html.j2", _BLOCK, "{% block contents %}", "Did you mean content?"),
        ("campaigns/newsletter.yaml", "locales: [en, de, fr]", "locales: [en, de, fr, de]", "'de' is named twice."),
        ("journeys/welcome_series.yaml", "locales: [en, de, fr]", "locales: [en, gr]", "Did you mean el?"),
        ("shop.yaml", "default_locale: en", "default_locale: 7", "default_locale: must be text; this is 7 (YAML"),
        ("campaigns/newsletter.yaml", "template: newsletter", "template: base", "'base' does not exist."),
        ("campaigns/newsletter.yaml", 'schedule: "0 9 * * 2"', "schedule: 2026-13-01", "is not a date of the calendar."),
        ("campaigns/newsletter.yaml", 'schedule: "0 9 * * 2"', "schedule: 9:00", "this is 540 (YAML reads a number"),
    ],
)  # fmt: skip
def test_a_mistake_is_an_error_at_its_line(files: Files, name: str, old: str, new: str, words: str) -> None:
    files.edit(name, old, new)
    errors = [(path, line) for path, line, severity, text in files.findings() if severity == "error" and words in text]
    assert errors == [(name, files.line(name, new.splitlines()[0]))]


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("quiet_hours: {start: 8, end: 8}", ["quiet_hours.end: is the same as start"]),
        ("quiet_hours: {start: 22:00, end: 25}", ["quiet_hours.start: must be at most 23", "quiet_hours.end: must be"]),
        ("quiet_hours: never", ["quiet_hours: cannot be 'never'. Known values: none."]),
        ("send_time: per person", ["send_time: cannot be 'per person'. Did you mean per_person?"]),
        ("dynamic_template: d-12", ["dynamic_template: 'd-12' does not have the right form: d- and 32 digits"]),
        (
            "dynamic_template: {en: d-12, de: 7}",
            ["dynamic_template.en: 'd-12' does not", "dynamic_template.de: must be text"],
        ),
        ("variants: [{id: A}, {id: b, weight: 0}]", ["variants.0.id: 'A' does not", "variants.1.weight: must be more"]),
        ("value_per_mail: .inf", ["value_per_mail: must be a number; this is inf."]),
        ("time_zone: Europe/Berln", ["'Europe/Berln' is not a time zone. Did you mean Europe/Berlin? Correct"]),
        ("exclude_segments: ['engaged(days=30']", ["'engaged(days=30' is not a segment: write its name, or"]),
    ],
)
def test_a_field_with_several_forms_has_the_errors_of_the_form_that_was_meant(
    files: Files, field: str, words: list[str]
) -> None:
    """None of them names a type of the library that reads the file."""
    files.edit("campaigns/newsletter.yaml", "occurrence: week", f"{field}\noccurrence: week")
    found = [text for _, _, severity, text in files.findings() if severity == "error"]
    assert len(found) == len(words), found
    assert all(any(text.startswith(said) or said in text for text in found) for said in words), found
    assert not re.search(r"constrained|function-|literal\[|dict\[|SendTime|\.\.", " ".join(found))


def test_files_of_a_template_that_no_mail_reads_are_warnings(files: Files) -> None:
    folder = files.root / "templates/newsletter"
    (folder / "subject.de.txt.j2").rename(folder / "subjekt.de.txt.j2")
    others = ("subject.dee.txt.j2", "preheader_de.txt.j2", "Body.html.j2", "subject.es.txt", "subject.it.txt.j2")
    for name in (*others, "words.html.j2", "notes.md"):
        (folder / name).write_text("{% macro of() %}{% endmacro %}")
    files.edit("templates/newsletter/body.html.j2", _BLOCK, _BLOCK + '{% from "words.html.j2" import of %}')
    found = {name: text for name, _, severity, text in files.findings() if severity == "warning" and "is not read" in text}
    assert sorted(found) == sorted(f"templates/newsletter/{name}" for name in ("subjekt.de.txt.j2", *others))
    meant = "Did you mean subject.de.txt.j2? Mails with this template are in de, en, fr."
    assert found["templates/newsletter/subjekt.de.txt.j2"] == f"is not read by any mail. {meant}"


def test_a_tag_that_is_not_closed_is_one_finding_in_plain_words(files: Files) -> None:
    name = "templates/newsletter/body.html.j2"
    text = (files.root / name).read_text().replace("{% endblock %}\n{% block why %}", "{% block why %}")
    (files.root / name).write_text(text.replace(_BLOCK, _BLOCK + "{{ direction == 'right' or language == 'DE' }}"))
    found = [(severity, text) for path, _, severity, text in files.findings() if path == name]
    assert sorted(found) == [
        ("error", "direction is never 'right'. Its values: ltr, rtl."),
        ("error", "{% block %} is not closed. Write {% endblock %} where it ends."),
        ("warning", "language is never 'DE': it is a code in small letters. Write 'de'."),
    ]


def test_all_values_of_a_dynamic_template_are_checked(files: Files) -> None:
    data = "{{ person.fist_name }}", "{{ person.last_name | titel }}", "{{ person.first_name"
    lines = "".join(f"\n  {name}: '{text}'" for name, text in zip("abc", data, strict=True))
    template = f"dynamic_template: d-{'0' * 32}\ndynamic_data:{lines}"
    files.edit("campaigns/newsletter.yaml", "template: newsletter", template)
    found = [(line, text) for _, line, severity, text in files.findings() if severity == "error"]
    first = files.line("campaigns/newsletter.yaml", "  a: ")
    assert [line for line, _ in found] == [first, first + 1, first + 2]
    assert all(
        any(words in text for _, text in found) for words in ("person.first_name?", "no filter titel", "should be", "}}")
    )


def test_a_locale_that_the_mail_of_a_journey_lacks_is_an_error_at_its_line(files: Files) -> None:
    files.edit("journeys/welcome_series.yaml", "locales: [en, de, fr]", "locales: [en, it]")
    found = {(name, line) for name, line, _, text in files.findings() if "is not written in 'it'" in text}
    assert found == {("journeys/welcome_series.yaml", files.line("journeys/welcome_series.yaml", "locales: [en, it]"))}


def test_all_mistakes_of_the_shop_are_found_at_once(files: Files) -> None:
    files.edit("shop.yaml", "default_locale: en", "default_locale: 7\nquiet_hours: {start: 7, end: 7}\nunknwn: 1")
    found = [text for name, _, _, text in files.findings() if name == "shop.yaml"]
    assert len(found) == 3
    assert not any("run make check" in text for text in found)


def test_files_that_nobody_reads_are_errors(files: Files) -> None:
    for name in ("campaigns/spring.yml", "journeys/spring.YAML"):
        (files.root / name).write_text("id: spring")
    found = {name: text for name, _, _, text in files.findings() if "is not read" in text}
    assert found == dict.fromkeys(("campaigns/spring.yml", "journeys/spring.YAML"), "is not read. Rename it to spring.yaml.")


def test_the_people_of_seeds_exist(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    seeds = files.root / "seeds.yaml"
    seeds.write_text(
        "seeds:\n  anna: {address: anna@example.com, person: cloe}\n"
        "  jonas: {address: jonas@example.com, person: jonas, subscriber: S1}\n"
    )
    monkeypatch.setenv("TRADEWIND_SEED_ADDRESSES", str(seeds))
    found = [(line, text) for name, line, _, text in files.findings() if name == "seeds.yaml"]
    assert [line for line, _ in found] == [2, 3]
    assert "Did you mean chloe?" in found[0][1]
    assert "a subscriber or a fictional one" in found[1][1]


def test_all_mistakes_of_all_files_are_found_at_once(files: Files) -> None:
    files.edit("campaigns/newsletter.yaml", "topic: news ", "topic: mews ")
    files.edit("campaigns/newsletter.yaml", "occurrence: week", "occurrence: weak")
    files.edit("campaigns/welcome.yaml", "template: welcome", "template: welcom")
    files.edit("templates/winback/body.html.j2", "{% block content %}", "{% block content %}{{ nothing }}")
    files.edit("templates/confirm/body.html.j2", "{% block content %}", "{% block content %}{{ nothing }}")
    found = {name for name, _, severity, _ in files.findings() if severity == "error"}
    assert found == {
        "campaigns/newsletter.yaml", "campaigns/welcome.yaml", "templates/winback/body.html.j2",
        "templates/confirm/body.html.j2",
    }  # fmt: skip


@pytest.mark.parametrize("shares", [1, 2, 3, 50])
def test_shares_of_the_templates_find_what_is_found_at_once(files: Files, shares: int) -> None:
    for template in ("winback", "confirm", "newsletter", "base"):
        name = next((files.root / "templates" / template).glob("*.html.j2")).name
        (files.root / "templates" / template / name).open("a").write("{{ nothing }}")
    each = [partial(check.templates, share, shares) for share in range(shares)]
    found = check.check(each)
    assert {finding.path.parent.name for finding in found} >= {"winback", "confirm", "newsletter", "base"}
    assert found == check.check([check.templates])


def test_a_mistake_hides_no_other(files: Files) -> None:
    """Neither in a campaign, in the files of its mail, nor in a journey: people mend all of them in one go."""
    files.edit("campaigns/newsletter.yaml", "occurrence: week", "occurence: week\npriority: high")
    files.edit("templates/newsletter/body.html.j2", "{{ button(", "{ button(")
    files.edit("templates/newsletter/body.html.j2", "{% block why %}", "{% block why %}{% if person.frist_name %}")
    (files.root / "templates/newsletter/subject.txt.j2").write_text("Two\nlines")
    files.edit("journeys/abandoned_basket.yaml", "trigger: basket_adds", "trigger: basket_add")
    files.edit("journeys/abandoned_basket.yaml", "wait: {hours: 1}", "wait: {hour: 1}")
    texts = [f"{name}: {text}" for name, _, severity, text in files.findings() if severity == "error"]
    for words in (
        "newsletter.yaml: occurence: is not a known field. Did you mean occurrence?",
        "newsletter.yaml: priority: must be",
        "newsletter/body.html.j2: '{ button('", "newsletter/body.html.j2: {% if %} is not closed",
        "newsletter/body.html.j2: person.frist_name does not exist",
        "newsletter/subject.txt.j2: the subject has a line break",
        "basket.yaml: trigger: there is no query 'basket_add'", "basket.yaml: steps.0.wait.hour: is not a known field",
    ):  # fmt: skip
        assert any(words in text for text in texts), (words, texts)
    assert len(texts) == len(set(texts))


def test_mistakes_in_segments_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    statement = "select subscriber_id\nfrom segment.features\nwhere lifecycle_stage = 'Loyal'"
    write(tmp_path, statement, name="one")
    write(tmp_path, "select subscriber_id\nfrom segment.featurs", name="two")
    write(tmp_path, "select subscriber_id from segment.one join\nsegment.four using (subscriber_id)", name="three")
    write(
        tmp_path, "select subscriber_id from segment.three where\nsubscriber_id::int > $days", name="four", params="days = 3"
    )
    write(tmp_path, "select subscriber_id from segment.six(days := 3) where\nlowr(subscriber_id) = 'x'", name="five")
    write(tmp_path, "select subscriber_id from segment.features where purchases > $days", name="six", params="days = 3")
    write(tmp_path, "select subscriber_id\nfrom segment.eight(days := -3)", name="seven")
    write(tmp_path, "select subscriber_id from segment.features where purchases < $days", name="eight", params="days = 3")
    monkeypatch.setattr("include.segment.inspection.inspect_segments.__defaults__", (tmp_path,))
    found = {(one.path.stem, one.line): one.what for one in check.check([check.segments])}
    assert found == {
        ("one", 8): "lifecycle_stage is never 'Loyal'.",
        ("two", 7): "reads segment.featurs, which does not exist: did you mean features?",
        ("three", 7): "is read by what it reads: three reads four reads three.",
        ("four", 6): "is read by what it reads: four reads three reads four.",
        ("five", 7): "there is no function lowr.",
        ("seven", 7): "reads eight: with days = -3, purchases is always 0 or more, so this comparison decides nothing.",
    }


def test_values_of_a_segments_parameters_that_nobody_has_are_a_warning(files: Files) -> None:
    name = "campaigns/newsletter.yaml"
    files.edit(name, "segment: newsletter_readers", "segment: {any: [engaged(days=60), engaged(days=-60)]}")
    found = [(line, severity, text) for _, line, severity, text in files.findings()]
    words = "segment.any.1: with days = -60, days_since_engagement is always 0 or more, so this comparison decides nothing."
    assert found == [(files.line(name, "segment:"), "warning", f"{words} Correct the number.")]


def test_a_line_break_in_a_subject_and_an_old_translation_are_found(files: Files) -> None:
    (files.root / "templates" / "welcome" / "subject.de.txt.j2").write_text("Willkommen\nan Bord\n")
    for path in files.root.glob("templates/winback/*"):
        os.utime(path, (1_700_000_000 if path.name == "body.fr.txt.j2" else 1_710_000_000,) * 2)
    found = [(name, line, severity) for name, line, severity, _ in files.findings()]
    assert ("templates/welcome/subject.de.txt.j2", 2, "error") in found
    assert ("templates/winback/body.fr.txt.j2", 1, "warning") in found


def test_a_folder_and_another_ending_among_the_campaigns_are_found(files: Files) -> None:
    (files.root / "campaigns" / "spring.yaml").mkdir()
    (files.root / "campaigns" / "autumn.yml").write_text("id: autumn\n")
    texts = {name: text for name, _, _, text in files.findings()}
    assert texts["campaigns/spring.yaml"].startswith("is a folder, not a file.")
    assert texts["campaigns/autumn.yml"] == "is not read. Rename it to autumn.yaml."


def test_a_broken_shop_file_does_not_hide_other_mistakes(files: Files) -> None:
    files.edit("shop.yaml", "topics:", "\ttopics:")
    files.edit("campaigns/welcome.yaml", "occurrence: signup", "occurrence: singup")
    found = {name: text for name, _, _, text in files.findings()}
    assert "is indented with a tab." in found["shop.yaml"]
    assert "Did you mean signup?" in found["campaigns/welcome.yaml"]


def test_the_command_needs_no_airflow_and_exits_by_the_errors(files: Files) -> None:
    program = (
        "import sys; from operations.check import main; status = main(); sys.exit(9 if 'airflow' in sys.modules else status)"
    )
    environment = {"PYTHONPATH": str(PROJECT), "PATH": "/usr/bin:/bin", "TRADEWIND_DATA": "/nonexistent/data"}
    clean = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False)
    assert (clean.returncode, clean.stdout) == (0, "")
    assert clean.stderr == "no errors, no other findings.\n"
    files.edit("campaigns/welcome.yaml", "id: welcome", "id: wellcome")
    environment["TRADEWIND_CAMPAIGNS"] = str(files.root / "campaigns")
    broken = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False)
    assert broken.returncode == 1
    place = f"{files.root}/campaigns/welcome.yaml:{files.line('campaigns/welcome.yaml', 'id: wellcome')}"
    assert broken.stdout == f"{place}: error: id: 'wellcome' is not the file's name. Write id: welcome.\n"
    files.edit("templates/winback/body.html.j2", "{% block content %}", "{% block content %}{{ nothing }}")
    environment["TRADEWIND_TEMPLATES"] = str(files.root / "templates")
    broken = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False)
    assert broken.stdout.splitlines() == [str(finding) for finding in check.check()]
