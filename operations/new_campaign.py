"""`make new-campaign NAME=spring`: writes a campaign file and its template, which pass `make check` as they are."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path

from include.core.campaign import JOURNEY_SEPARATOR
from include.core.errors import ConfigurationError, TradewindError
from include.core.finding import shown_path
from include.core.paths import campaign_folder, template_folder
from include.core.shop import load_shop

_NAME = re.compile(r"[a-z][a-z0-9_]{0,59}")
_CAMPAIGN = """\
# yaml-language-server: $schema=campaign.schema.json
# {title}: say here what it is, in a line. docs/campaigns.md explains every field; `make check` finds mistakes.

id: {name}
name: {title}
owner: marketing
purpose: Say in a sentence why people get this mail.

# schedule: 2026-12-24 09:00       # One date, or cron as in "0 9 * * 2". Without it, the campaign is started by hand.
# time_zone: Europe/Berlin
# approval: required               # Somebody approves the preview in Airflow before it is sent (docs/approval.md).
occurrence: once                   # At most one mail per person and: once, day, week, month, signup, first_purchase.
segment: newsletter_readers        # Audience: a file in include/sql/segment/definitions/.
template: {name}
{topic}locales: [{locale}]

sender:
  email: {contact}
  name: {shop}
postal_address: {shop}, 1 Example Street, 12345 Example Town   # Write your own: the law requires it in every mail.
"""
_PARTS = {
    "subject.txt.j2": "{title}: write the subject here\n",
    "preheader.txt.j2": "Write here what follows the subject in an inbox, in a line\n",
    "body.html.j2": """\
{{% extends "base/layout.html.j2" %}}
{{% from "base/parts.html.j2" import button, card, note %}}
{{% block content %}}
<h1>{title}</h1>
<p>Hello {{{{ person.first_name | title | default("there") }}}},</p>
<p>Write the mail here. docs/templates.md explains how.</p>
{{{{ button("https://shop.example.com/new", "See what is new") }}}}
{{% endblock %}}
{{% block why %}}Say here why people get this mail.{{% endblock %}}
""",
    "body.txt.j2": """\
{{% extends "base/layout.txt.j2" %}}
{{% block content %}}
Hello {{{{ person.first_name | title | default("there") }}}},

Write the mail here, for people whose mail program does not show HTML.

See what is new: https://shop.example.com/new
{{% endblock %}}
{{% block why %}}Say here why people get this mail.{{% endblock %}}
""",
}


def create(name: str) -> list[Path]:
    """Write the files of a campaign `name`; returns them, the campaign file first.

    Raises `ConfigurationError` if the name is not one, or if a file of it exists: nothing is overwritten.
    """
    if not _NAME.fullmatch(name) or JOURNEY_SEPARATOR in name:
        raise ConfigurationError(
            f"'{name[:40]}' is not a name of small letters, digits and underscores.",
            where="NAME",
            remedy="For example: spring_sale.",
        )
    texts = _texts(name)
    for path in (campaign_folder() / f"{name}.yaml", template_folder() / name):
        if path.exists():
            raise ConfigurationError("exists.", where=shown_path(path), remedy="Choose another name, or delete it.")
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return list(texts)


def _texts(name: str) -> dict[Path, str]:
    shop = load_shop()
    values = {
        "name": name,
        "title": name.replace("_", " ").capitalize(),
        "topic": f"topic: {shop.topics[0].id}\n" if shop.topics else "",
        "locale": shop.default_locale,
        "contact": shop.contact,
        "shop": shop.name,
    }
    texts = {campaign_folder() / f"{name}.yaml": _CAMPAIGN.format(**values)}
    return texts | {template_folder() / name / part: text.format(**values) for part, text in _PARTS.items()}


def main(arguments: Sequence[str] | None = None) -> int:
    """Create the files and say what to do with them."""
    (name,) = arguments or sys.argv[1:]
    try:
        campaign, *parts = create(name)
    except TradewindError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        return 1
    print(  # noqa: T201
        f"1. Whom, when and from whom: {shown_path(campaign)} (docs/campaigns.md)\n"
        f"2. The mail: {shown_path(parts[0].parent)}/ (docs/templates.md)\n"
        f"3. Find mistakes: make check\n"
        f"4. Look at it: make preview CAMPAIGN={name}\n"
        f"Its DAG send_{name} appears in Airflow by itself, and sends nothing before you start or schedule it."
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
