"""`make check`: everything that is wrong in the files that marketers write, in seconds.

Needs neither Airflow nor network nor a data folder. The rules are in the modules that read the files, so that a run refuses
what is an error here. A kind of file takes part by a checker in `CHECKERS`.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import sys
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from include.core import paths, segment_name, sqlfile, text_file
from include.core.campaign import Campaign
from include.core.campaign_file import campaign_names, file_of, inspect_campaign
from include.core.errors import ConfigurationError
from include.core.field_errors import sentence
from include.core.finding import ORDER, Finding, errors, shown_path
from include.core.products import inspect_products
from include.core.seeds import inspect_seeds
from include.core.shop import inspect_shop
from include.core.suggestion import suggest
from include.core.yaml_file import Document, Place
from operations.imports import without_pandas

Checker = Callable[[], Iterable[Finding]]
"""Returns the findings in one kind of file. It reads the files where the settings say that they are."""


def shop() -> Iterable[Finding]:
    """The shop's file."""
    return inspect_shop().findings


def products() -> Iterable[Finding]:
    """The product catalogue."""
    return inspect_products()[1]


def team() -> Iterable[Finding]:
    """The seed addresses of the team."""
    return inspect_seeds()


def campaigns() -> Iterator[Finding]:
    """Campaign files and the names in them, and files in their folder that nobody reads."""
    yield from _not_read(paths.campaign_folder(), ".yaml", (".yaml", ".yml"))
    for document in _campaigns():
        yield from document.findings
        yield from _unknown_segments(document)


def named_templates() -> Iterator[Finding]:
    """Templates that campaigns name and that do not exist, and translations older than their originals."""
    from include.dispatch.content.translations import outdated

    yield from outdated(paths.template_folder())
    known = [name for name in _template_folders() if name != "base"]
    for document in _campaigns():
        for field, name in _templates(document):
            if name not in known:
                yield document.error(field, f"'{name}' does not exist.", suggest(name, known, kind="templates"))


def templates(share: int = 0, shares: int = 1) -> Iterator[Finding]:
    """The files of templates, and the mails of campaigns and journeys with them, in every variant and locale.

    Of all templates, or of every `shares`-th from `share` on.
    """
    from include.dispatch.content.compiled_files import CompiledFiles
    from include.dispatch.content.inspection import inspect_files, inspect_mail
    from include.dispatch.content.unread import unread_files

    folder, compiled, mails = paths.template_folder(), CompiledFiles(), defaultdict[str, list[tuple[Campaign, Path]]](list)
    for mail, path in (*_mails_of_campaigns(), *_mails_of_journeys()):
        mails[mail.template or ""].append((mail, path))  # "": those whose template is at SendGrid
    folders = _template_folders()
    for name in sorted({*folders, *mails})[share::shares]:
        yield from inspect_files(folder, [name] if name else [])
        if mails[name] and name in folders:
            yield from unread_files(folder / name, {locale for mail, _ in mails[name] for locale in mail.locales})
        for mail, path in mails[name]:
            yield from inspect_mail(mail, path, folder, compiled)


def _template_folders() -> list[str]:
    folder = paths.template_folder()
    return sorted(path.name for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []


def _templates(document: Document[Campaign]) -> Iterator[tuple[Place, str]]:
    """The templates that a campaign names, with the field: its own, and those of its variants."""
    named: list[tuple[Place, Any]] = [(("template",), document.values.get("template"))]
    variants = document.values.get("variants")
    for index, variant in enumerate(variants if isinstance(variants, list) else []):
        named.append((("variants", index, "template"), variant.get("template") if isinstance(variant, dict) else None))
    return ((field, name) for field, name in named if isinstance(name, str))


def _mails_of_campaigns() -> Iterator[tuple[Campaign, Path]]:
    for document in _campaigns():
        if document.model is not None:
            yield document.model, document.path
        elif document.stand_in is not None and "template" not in document.replaced:
            yield document.stand_in, document.path


def _mails_of_journeys() -> Iterator[tuple[Campaign, Path]]:
    """The mail of each step of the journeys whose files are valid."""
    from include.core.journey_file import inspect_journey, journey_names

    for name in journey_names():
        document = inspect_journey(name)
        if document.model is not None and not document.findings:
            mails = (document.model.campaign(step) for step in document.model.steps if step.kind == "mail")
            yield from ((mail, file_of(mail.id)) for mail in mails)


def segments() -> Iterator[Finding]:
    """Segment definitions, the segments that they read, and the values that campaigns give their parameters."""
    from include.segment.inspection import inspect_segments, wrong_parameters

    yield from _not_read(paths.SEGMENTS, ".sql", (".sql",))
    yield from inspect_segments()
    for document in _campaigns():
        for field, text in _named_segments(document):
            for what, remedy in wrong_parameters(text):
                where = f"{'.'.join(map(str, field))}: {what}"
                yield Finding("warning", document.path, document.line(*field), where, remedy)


def journeys() -> Iterator[Finding]:
    """Journey files, the ways between their steps, their mail and their queries."""
    from include.core.journey_file import journey_names
    from include.core.journey_version import inspect_version

    yield from _not_read(paths.journey_folder(), ".yaml", (".yaml", ".yml"))
    for name in journey_names():
        yield from inspect_version(name)[1]


MOST_PROCESSES = 4
"""Each takes 200 MB, and the largest template is not divided."""

CHECKERS: tuple[Checker, ...] = (shop, products, team, campaigns, segments, journeys, named_templates, templates)
"""In the order in which people fix things: what others name comes first."""


def check(checkers: Iterable[Checker] = CHECKERS, run: Callable[..., Iterable[list[Finding]]] = map) -> list[Finding]:
    """All findings, each once, by file and line; errors come first within a line.

    What needs the shop's file reports its first error too: all of them are the business of `shop`. `run` calls a function
    for each checker, in their order.
    """
    chosen, of_shop = tuple(checkers), paths.shop_file()
    found = dict.fromkeys(
        finding
        for checker, findings in zip(chosen, run(_found_by, chosen), strict=True)
        for finding in findings
        if checker is shop or finding.path != of_shop or shop not in chosen
    )
    return sorted(found, key=lambda finding: (shown_path(finding.path), finding.line, ORDER[finding.severity]))


def _found_by(checker: Checker) -> list[Finding]:
    return list(checker())


def check_on_all_cores() -> list[Finding]:
    """As `check`, in a process for each core: most of the time is the templates'. Only for a process without threads.

    In one process where forking is unsafe (macOS).
    """
    cores = min(MOST_PROCESSES, os.cpu_count() or 1)
    if cores == 1 or sys.platform != "linux":
        return check()
    shares = [partial(templates, share, cores) for share in range(cores)]
    others = [checker for checker in CHECKERS if checker is not templates]
    import jinja2  # noqa: F401  (once, instead of in each process; pyarrow and DuckDB start threads when imported)
    import sqlglot  # noqa: F401

    with multiprocessing.get_context("fork").Pool(cores) as pool:
        return check((*shares, *others), pool.imap)


def main() -> int:
    """Print the findings, one per line; 1 if there is an error."""
    gc.disable()  # The process ends before much would be freed; looking for it takes a tenth of the time.
    found = check_on_all_cores()
    for finding in found:
        print(finding)  # noqa: T201
    failed = sum(1 for _ in errors(found))
    others = len(found) - failed
    print(f"{_count(failed, 'error')}, {_count(others, 'other finding')}.", file=sys.stderr)  # noqa: T201
    return 1 if failed else 0


def _not_read(folder: Path, suffix: str, similar: Collection[str]) -> Iterator[Finding]:
    """Files that nobody reads, because their names end in another way."""
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.suffix != suffix and path.suffix.lower() in similar:
            yield Finding("error", path, 1, "is not read.", f"Rename it to {path.stem}{suffix}.")


def _campaigns() -> Iterator[Document[Campaign]]:
    """Every campaign file. Several checkers ask for them; they are read again when one of them or the shop's changed."""
    folder, shop_file = paths.campaign_folder(), paths.shop_file()
    stamps = text_file.stamps(folder), text_file.stamps(shop_file.parent)
    return (_campaign(name, folder, shop_file, *stamps) for name in campaign_names())


@lru_cache(maxsize=1_000)
def _campaign(name: str, _folder: Path, _shop: Path, *_stamps: frozenset[tuple[str, int]]) -> Document[Campaign]:
    return inspect_campaign(name)


def _unknown_segments(document: Document[Campaign]) -> Iterator[Finding]:
    """Segments that a campaign names and that have no definition."""
    known = [path.stem for path in paths.SEGMENTS.glob("*.sql")]
    for field, text in _named_segments(document):
        try:
            name = segment_name.read(text)
            if name.segment in known:
                segment_name.settle(name, sqlfile.read(paths.SEGMENTS / f"{name.segment}.sql").defaults)
            else:
                yield document.error(field, f"'{name}' does not exist.", suggest(name.segment, known, kind="segments"))
        except ValueError as error:
            yield document.error(field, sentence(str(error)), "Correct that field.")
        except ConfigurationError:
            continue


def _named_segments(document: Document[Campaign]) -> Iterator[tuple[Place, str]]:
    """The segments that a campaign names, with the field."""
    one = document.values.get("segment")
    lists = [((), document.values)] if not isinstance(one, dict) else [((), document.values), (("segment",), one)]
    if isinstance(one, str):
        yield ("segment",), one
    for parent, values in lists:
        for field in ("any", "all", "none") if parent else ("exclude_segments",):
            names = values.get(field)
            for at, name in enumerate(names if isinstance(names, list) else []):
                if isinstance(name, str):
                    yield (*parent, field, at), name


def _count(number: int, noun: str) -> str:
    return f"{number or 'no'} {noun}{'' if number == 1 else 's'}"


if __name__ == "__main__":
    without_pandas()
    sys.exit(main())
