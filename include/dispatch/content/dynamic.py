"""SendGrid's dynamic templates as a third way to write a mail: its content is at SendGrid, its values are ours.

Each value is a line of the campaign file (`dynamic_data`), Jinja as in a template, and becomes a slot whose tag is its name.
SendGrid's Handlebars prints it with `{{name}}`, escaped as HTML; so values are sent as plain text.
https://www.twilio.com/docs/sendgrid/for-developers/sending-email/using-handlebars
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from html import escape

from include.core.campaign import Campaign
from include.core.campaign_fields import Variant
from include.core.paths import template_folder
from include.dispatch.content.compile import (
    COMPILER_VERSION,
    RenderedParts,
    digest,
    environment_for,
    render_part,
    shared_values,
)
from include.dispatch.content.content import Content
from include.dispatch.content.fill import check_with_sample
from include.dispatch.content.placeholders import Placeholders
from include.dispatch.content.slots import assign_slots
from include.dispatch.content.sources import TemplateLoader

LINKS = {name: f"{{{{ {name} }}}}" for name in ("unsubscribe_url", "preferences_url")}
"""In the data of every mail: SendGrid's template must show the first."""
_DATES = ("signed_up_at", "first_purchased_at", "last_purchased_at")
_FIELDS = ("first_name", "last_name", "country", "purchases", "revenue", "days_since_purchase", "lifecycle_stage")
DEFAULT_DATA = {
    **{name: f'{{{{ person.{name} | default("") }}}}' for name in _FIELDS},
    **{name: f'{{{{ person.{name} | date | default("") }}}}' for name in _DATES},
}
"""The data of a campaign that names none: the fields of a person, empty where there is none, as Handlebars prints it."""


def compile_dynamic(campaign: Campaign, variant: Variant, locale: str, *, tag_prefix: str | None = None) -> Content:
    """The content of a campaign with `dynamic_template`, for one locale: a slot for each name of its data.

    Raises `PlanError` with the field of the campaign file for a value that is not valid.
    """
    template_id = campaign.dynamic_template_of(locale)
    data = {**(DEFAULT_DATA if campaign.dynamic_data is None else campaign.dynamic_data), **LINKS}
    sources = TemplateLoader(template_folder() / "base", _inline(campaign, data))
    shared, placeholders = shared_values(campaign, variant, locale), Placeholders()
    environment = environment_for(sources, placeholders, shared, None)
    text = "\n".join(f"{name}: {render_part(environment, _file(name))}" for name in data)
    inputs = {"version": COMPILER_VERSION, "dynamic_template": template_id, "data": data, "shared": shared}
    names = dict.fromkeys(("subject", "preheader", "body_html", "body_text"), f"campaigns/{campaign.id}.yaml")
    parts = RenderedParts("", "", "", text)
    content = assign_slots(parts, placeholders, names=names, inputs=digest(inputs), tag_prefix=tag_prefix)
    check_with_sample(content)
    fixed = {
        "sender_name": campaign.sender.name, "postal_address": campaign.postal_address, "campaign": campaign.id,
        "variant": variant.id, "locale": locale,
    }  # fmt: skip
    return replace(
        content, template_id=template_id, data_names=tuple(data), fixed_data=fixed, warnings=(unchecked(template_id),)
    )


def unchecked(template_id: str) -> str:
    """What cannot be checked of a mail whose content is at SendGrid."""
    return (
        f"the content is SendGrid's template {template_id}: its subject, links, images, contrast and size are not checked "
        "here, and edits there are not noticed. It must show {{unsubscribe_url}} and {{postal_address}}"
    )


def page_of(template_id: str, text: str) -> str:
    """A page with the values of one person, for previews."""
    return (
        '<!DOCTYPE html><html lang="en"><meta name="color-scheme" content="light dark">'
        f"<body style='font: 15px sans-serif'><h1 style='font-size: 18px'>SendGrid’s template {escape(template_id)}</h1>"
        "<p>The mail itself is made at SendGrid, which shows it in its own editor. It gets these values:</p>"
        f"<pre style='white-space: pre-wrap'>{escape(text)}</pre></body></html>"
    )


def _inline(campaign: Campaign, data: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """The values as templates: one slot each, so all but our own links are blocks."""
    where = {name: f"campaigns/{campaign.id}.yaml (dynamic_data.{name})" for name in data}
    texts = {name: text if name in LINKS else f"{{% personal %}}{text}{{% endpersonal %}}" for name, text in data.items()}
    return {_file(name): (text, where[name]) for name, text in texts.items()}


def _file(name: str) -> str:
    return f"dynamic_data.{name}.txt.j2"
