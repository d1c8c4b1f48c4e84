"""How long it takes to fill the slots of a mail for a million people.

    python benchmarks/content_slots.py [people]

Five slots, two of them `{% personal %}` blocks with conditions. Names come from 20,000 distinct ones, purchases from 60 and
lifecycle stages from 6; every unsubscribe link is its own. CPU seconds of one process, columns already in memory.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

from benchmarks.campaign import CAMPAIGN
from include.core.campaign_fields import Variant
from include.dispatch.content import SlotFiller, compile_content

PARTS = {
    "subject.txt.j2": '{{ person.first_name | default("friend") | title }}, this week at the harbour',
    "preheader.txt.j2": "Three things worth a look",
    "body.txt.j2": "{{ postal_address }}\n{{ unsubscribe_url }}\n",
    "body.html.j2": """<html lang="en"><body>
{% personal %}
{% if person.purchases > 10 %}<p>Thank you, {{ person.first_name | default("friend") }}: {{ person.purchases }} orders!</p>
{% elif person.purchases > 0 %}<p>Good to have you back.</p>
{% else %}<p>Your first order ships free.</p>{% endif %}
{% endpersonal %}
{% personal %}
{% if person.lifecycle_stage == "loyal" and person.country == "DE" %}<p>Loyal</p>
{% else %}<p>{{ person.lifecycle_stage }}</p>{% endif %}
{% endpersonal %}
<p>{{ postal_address }}</p><a href="{{ unsubscribe_url }}">Unsubscribe</a></body></html>""",
}


def people(count: int) -> pa.Table:
    """A list of subscribers with the spread of a real one: few stages, many names, all links different."""
    random = np.random.default_rng(7)
    names = pa.array([f"Name{number}" for number in range(20_000)])
    stages = pa.array(["new", "active", "loyal", "lapsing", "lost", "prospect"])
    countries = pa.array(["DE", "GB", "FR", "US", "NL", "SE", "IT", "ES"])
    chosen = np.minimum(random.zipf(1.3, count) - 1, 19_999)
    columns = {
        "first_name": names.take(pa.array(chosen)),
        "purchases": pa.array(np.minimum(random.geometric(0.4, count) - 1, 60)),
        "lifecycle_stage": stages.take(pa.array(random.integers(0, 6, count))),
        "country": countries.take(pa.array(random.integers(0, 8, count))),
        "unsubscribe_url": pa.array(
            [f"https://mail.tradewind.example/u/v1.{number:032x}.{number * 7919:043x}" for number in range(count)]
        ),
    }
    return pa.table(columns)


def timings(count: int) -> Iterator[tuple[str, float]]:
    """What was measured, and CPU seconds."""
    given = people(count)
    with tempfile.TemporaryDirectory() as root:
        folder = Path(root) / "bench"
        folder.mkdir()
        for name, text in PARTS.items():
            (folder / name).write_text(text)
        begun = time.process_time()
        content = compile_content(folder, campaign=CAMPAIGN, variant=Variant(id="only"), locale="en")
        yield f"compile ({len(content.slots)} slots)", time.process_time() - begun
    for size in (count, 50_000, 1_000):
        filler = SlotFiller(content)
        begun = time.process_time()
        for batch in given.to_batches(max_chunksize=size) if size < count else [given]:
            filler.fill(batch)
        yield f"fill {count:,} people, {size:,} a call", time.process_time() - begun


def main() -> None:
    """Print the figures."""
    for name, seconds in timings(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000):
        print(f"{name:<45}{seconds:8.2f} s CPU")
    print(f"{'peak memory':<45}{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:8.0f} MB")


if __name__ == "__main__":
    main()
