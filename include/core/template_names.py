"""Names that look like templates: what counts as one, and what becomes of them.

`{{ 7 * 7 }}` in a name is harmless to us, since values are never evaluated, and embarrassing to the shop that greets with
it. `TRADEWIND_TEMPLATE_NAMES` says what to do: `default` (the mail shows what the template says for a missing name),
`quarantine` (the row is refused), `keep` (it is printed as it is).
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
"""For RE2 (DuckDB, Arrow) and for Python alike. Narrow: a single bracket counts only around what is no name, as in {name},
[First Name], {0}; people are called D'Angelo {Bob}, Ke$ha and A$AP."""


def policy() -> str:
    """One of `POLICIES`. Raises `ConfigurationError` for anything else."""
    return settings().template_names
