"""The picture of a journey as SVG: its steps, the ways between them, and how many people are where."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape

from include.core.journey import Journey
from include.core.journey_fields import Step

WIDTH, LEFT, BOX, HEIGHT, GAP = 760, 40, 470, 60, 34
OUT = {"finished": "at the end", "goal": "reached the goal", "left": "left", "cancelled": "cancelled"}
STYLE = (
    "text{font:14px system-ui,sans-serif;fill:#1f3347}.s{font-size:12px;fill:#5a6b7b}.n{font-weight:600}"
    ".b{fill:#fff;stroke:#9fb0c0}.mail{fill:#e8f1f8;stroke:#1b5e86}.w{fill:none;stroke:#6b7f92;stroke-width:1.5}"
)


@dataclass(frozen=True)
class Numbers:
    """People: `inside` by the step that is next for them, `passed` by step and outcome, `out` by how they are out."""

    inside: Mapping[str, int]
    passed: Mapping[str, Mapping[str, int]]
    out: Mapping[str, int]


def draw(journey: Journey, version: str, state: str, numbers: Numbers) -> str:
    """The SVG. It contains no data of people, only numbers."""
    tops = {step.id: 70 + place * (HEIGHT + GAP) for place, step in enumerate(journey.steps)}
    end = 70 + len(journey.steps) * (HEIGHT + GAP)
    parts = [*_head(journey, version, state, numbers), *_ways(journey, tops, end)]
    for step in journey.steps:
        parts += _box(step, tops[step.id], numbers)
    parts += _out(end, numbers)
    title = escape(f"{journey.name}: steps and numbers of people")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {end + 60}" width="{WIDTH}" role="img" '
        f'aria-label="{title}"><style>{STYLE}</style><defs><marker id="a" viewBox="0 0 8 8" refX="7" refY="4" '
        f'markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z" fill="#6b7f92"/></marker></defs>'
        f"{''.join(parts)}</svg>"
    )


def describe(step: Step) -> str:
    """What a step does, in a few words."""
    if wait := step.wait:
        spans = ((wait.days, "day"), (wait.hours, "hour"), (wait.minutes, "minute"))
        text = " ".join(f"{count} {unit}{'s' if count > 1 else ''}" for count, unit in spans if count)
        until = f"until {wait.until_hour}:00 local time" if wait.until_hour is not None else ""
        return f"wait {', '.join(part for part in (text, until) if part)}"
    if condition := step.condition:
        if feature := condition.feature:
            least = [] if feature.at_least is None else [f"at least {feature.at_least:g}"]
            most = [] if feature.at_most is None else [f"at most {feature.at_most:g}"]
            named = [", ".join(feature.one_of)] if feature.one_of else []
            return f"{feature.column} {' and '.join([*least, *most, *named])}?"
        return f"in segment {condition.segment}?" if condition.segment else f"{condition.query}?"
    if step.split:
        return "split " + ", ".join(f"{arm.id} {arm.percent:g} %" for arm in step.split.arms)
    return f"leave: {step.exit}" if step.exit else f"mail {(step.mail or {}).get('template', '')}".rstrip()


def _head(journey: Journey, version: str, state: str, numbers: Numbers) -> Iterator[str]:
    inside, entered = sum(numbers.inside.values()), sum(numbers.inside.values()) + sum(numbers.out.values())
    yield f'<text x="{LEFT}" y="26" class="n">{escape(journey.name)}</text>'
    line = f"{journey.id} · version {version} · {state} · {entered:,} entered by {journey.trigger}, {inside:,} inside"
    yield f'<text x="{LEFT}" y="46" class="s">{escape(line)}</text>'


def _box(step: Step, top: int, numbers: Numbers) -> Iterator[str]:
    kind = "mail" if step.mail is not None else "b"
    here, passed = numbers.inside.get(step.id, 0), numbers.passed.get(step.id, {})
    shown = " · ".join(f"{count:,} {outcome.replace('_', ' ')}" for outcome, count in sorted(passed.items()))
    yield f'<rect x="{LEFT}" y="{top}" width="{BOX}" height="{HEIGHT}" rx="6" class="{kind}"/>'
    yield f'<text x="{LEFT + 14}" y="{top + 24}" class="n">{escape(step.id)}</text>'
    yield f'<text x="{LEFT + 14}" y="{top + 44}" class="s">{escape(describe(step))}</text>'
    yield f'<text x="{LEFT + BOX - 14}" y="{top + 24}" text-anchor="end" class="n">{here:,} here</text>'
    if shown:
        yield f'<text x="{LEFT + BOX - 14}" y="{top + 44}" text-anchor="end" class="s">{escape(shown)}</text>'


def _ways(journey: Journey, tops: Mapping[str, int], end: int) -> Iterator[str]:
    """Straight down to the next step; every other way is a curve on the right, further out the longer it is."""
    ids, middle = list(tops), LEFT + BOX // 2
    for lane, (step, label, target) in enumerate(journey.ways()):
        top, goal = tops[step.id] + HEIGHT, end if target is None else tops[target]
        is_next = target == next(iter(ids[ids.index(step.id) + 1 :]), None)
        if is_next:
            yield f'<path class="w" marker-end="url(#a)" d="M{middle} {top}V{goal - 2}"/>'
            yield f'<text x="{middle + 8}" y="{top + 20}" class="s">{escape(label)}</text>'
        else:
            from_y, to_y, x = top - HEIGHT // 2, goal + HEIGHT // 3, LEFT + BOX
            out = x + 60 + 14 * (lane % 12)
            yield f'<path class="w" marker-end="url(#a)" d="M{x} {from_y}C{out} {from_y} {out} {to_y} {x + 3} {to_y}"/>'
            yield f'<text x="{x + 10}" y="{from_y - 6}" class="s">{escape(label)}</text>'


def _out(top: int, numbers: Numbers) -> Iterator[str]:
    shown = " · ".join(f"{numbers.out.get(state, 0):,} {words}" for state, words in OUT.items())
    yield f'<rect x="{LEFT}" y="{top}" width="{BOX}" height="40" rx="20" class="b"/>'
    yield f'<text x="{LEFT + BOX // 2}" y="{top + 25}" text-anchor="middle" class="s">{escape(shown)}</text>'
