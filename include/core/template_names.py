"""Names that look like a template: how they are recognised, and the policy for them.

`{{ 7 * 7 }}` in a name is harmless, since values are never evaluated, but embarrassing in a greeting.
`TRADEWIND_TEMPLATE_NAMES` sets the policy: `default` (the mail uses the template's default for a missing name),
`quarantine` (the row is quarantined), `keep` (the name is printed unchanged).
"""

from __future__ import annotations

from include.core.settings import settings, variable

SETTING = variable("template_names")
QUARANTINE, KEEP = "quarantine", "keep"

_PLACEHOLDER = (
    r"(?:(?:first|last|full|user|given|family|nick|middle|sur|customer|contact|client|person|recipient|subscriber|member)"
    r"[ _.-]?)?names?|[fl]name|[a-z]+(?:_[a-z0-9]+)+|[a-z]+(?:\.[a-z0-9_]+)+|[0-9]{1,2}"
)
_TAGS = (
    "a|abbr|b|big|blink|body|br|button|center|code|div|em|embed|font|form|h[1-6]|head|html|hr|i|iframe|img|input|li|link|"
    "marquee|math|meta|object|ol|p|pre|s|script|small|span|strong|style|sub|sup|svg|table|td|th|title|tr|tt|u|ul|video|audio"
)
LOOKS_LIKE_TEMPLATE = "(?i)" + "|".join(
    (
        r"\{\{|\{%|\{#|\{\$",  # Jinja, Liquid, Twig, Handlebars, Mustache; Smarty
        r"[$#]\{[^}]*\}",  # shell, JavaScript, Ruby
        r"<%|<\?(?:php|=|xml)",  # ERB, JSP; PHP
        r"\[\[[^\[\]]+\]\]|\[%",  # Angular and wikis; Template Toolkit
        r"%%?[a-z][a-z0-9_.]*%%?(?:[^a-z0-9]|$)",  # %FNAME%, %%first_name%%
        r"\*\|[^|]*\|\*",  # Mailchimp
        rf"\{{ ?(?:{_PLACEHOLDER}) ?\}}|\[ ?(?:{_PLACEHOLDER}) ?\]|<<? ?(?:{_PLACEHOLDER}) ?>>?",
        rf"</?(?:{_TAGS})(?:[\s/>]|$)|<!--",
    )
)
"""A regular expression for RE2 (DuckDB, Arrow) and Python. It is narrow: single brackets match only around a placeholder
such as {name}, [First Name] or {0}, because people are called D'Angelo {Bob}, Ke$ha and A$AP."""


def policy() -> str:
    """The policy in use: default, quarantine or keep. Raises `ConfigurationError` for anything else."""
    return settings().template_names
