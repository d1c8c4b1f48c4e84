"""The page of one person: what happened in order, and no address on it or in it."""

from __future__ import annotations

import re

from include.core import sqlfile
from include.core.paths import DataPaths
from include.publish import snapshot
from tests.publish.test_console import shown


def test_an_address_is_refused_and_not_repeated(published: DataPaths) -> None:
    page = shown(published, "person", subscriber="ada@shop.example")
    assert "That is an address" in page
    assert "ada" not in page
    assert 'pattern="[^@]*"' in page, "the browser does not send one either"


def test_the_timeline_has_each_step_newest_first(published: DataPaths) -> None:
    page = shown(published, "person", subscriber="s000012")
    timeline = page.partition(">Timeline</h2>")[2].partition("</section>")[0]
    when = re.findall(r'scope="row">(\d\d \w{3} 2026, \d\d:\d\d)', timeline)
    assert len(when) > 3
    assert "selected by a plan: accepted" in timeline
    assert timeline.index("delivered") < timeline.index("selected by a plan"), "the newest step is first"


def test_an_unknown_id_has_a_page_that_says_so(published: DataPaths) -> None:
    assert "nothing about this subscriber id" in shown(published, "person", subscriber="s999999")


def test_every_message_of_a_person_is_found_by_the_bucket_of_the_marts(small_shop: DataPaths) -> None:
    of_all = "select subscriber_id, count(*) from marts.sends group by all order by all limit 40"
    with snapshot.open_build(snapshot.require_build(small_shop)) as connection:
        counted = dict(connection.execute(of_all).fetchall())
    for subscriber, messages in counted.items():
        assert f"of {messages:,} plans that selected" in shown(small_shop, "person", subscriber=subscriber)


def test_the_ids_of_everybody_else_are_not_read(published: DataPaths) -> None:
    file = sqlfile.load("publish", "console/person_sends")
    with snapshot.open_build(snapshot.require_build(published)) as connection:
        plan = connection.execute(f"explain {file.statement}", {"subscriber": "s000012"}).fetchall()[0][1]
    filters = plan.partition("Filters:")[2]
    assert 0 < filters.find("subscriber_bucket=") < filters.find("subscriber_id=")
