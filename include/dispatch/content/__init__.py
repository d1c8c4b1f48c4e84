"""The template compiler: turns Jinja templates into one content with substitution slots per SendGrid request.

docs/templates.md is the guide for authors of templates. For callers:

    content = compile_content(TEMPLATES / campaign.template, campaign=campaign, variant=variant, locale="de")
    values = SlotFiller(content).fill(people)          # one string array per slot, in the order of content.slots
    # substitutions of person i: {slot.tag: values[n][i] for n, slot in enumerate(content.slots)}
"""

from include.dispatch.content.compile import COMPILER_VERSION, compile_content
from include.dispatch.content.content import Content, Slot
from include.dispatch.content.fill import SAMPLE_PERSON, SlotFiller
from include.dispatch.content.limits import check_limits
from include.dispatch.content.links import Link, link_slots
from include.dispatch.content.person import PERSON_FIELDS
from include.dispatch.content.render import Rendered, render_one

__all__ = [
    "COMPILER_VERSION",
    "PERSON_FIELDS",
    "SAMPLE_PERSON",
    "Content",
    "Link",
    "Rendered",
    "Slot",
    "SlotFiller",
    "check_limits",
    "compile_content",
    "link_slots",
    "render_one",
]
