"""The plan writer puts people into the chunks that were computed for them, or fails."""

from __future__ import annotations

from itertools import accumulate, pairwise
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.core.errors import PlanError
from include.dispatch.plan.chunking import Chunking
from include.dispatch.plan.writer import COLUMNS, PlanWriter, chunk_rows, regroup
from include.dispatch.plan_files import AUDIENCE, CHUNKS_PER_FILE

SIZES = st.lists(st.integers(1, 5), min_size=1, max_size=8)


class Greeting:
    """A filler with one slot, a greeting with the subscriber id."""

    def fill(self, people: pa.Table) -> list[pa.Array]:
        return [pa.array([f"Dear {name}" for name in people["subscriber_id"].to_pylist()])]


def chunking(*groups: list[int]) -> Chunking:
    """Groups of chunks with the given sizes, numbered in reverse order of writing."""
    total = sum(len(group) for group in groups)
    chunks = [
        {
            "chunk": 0, "mail_group": number, "recipients": size, "content": "only.en.tracked", "variant": "only",
            "provider": f"p{number}", "zone": "", "send_at": None, "not_after": None,
        }
        for number, group in enumerate(groups)
        for size in group
    ]  # fmt: skip
    return Chunking(False, [{**chunk, "chunk": total - 1 - place} for place, chunk in enumerate(chunks)])


def people(*groups: int) -> list[pa.RecordBatch]:
    """This many people of each group, in batches of three."""
    ids = [(group, f"s{group}-{row}") for group, size in enumerate(groups) for row in range(size)]
    columns = [{"mail_group": group, **dict.fromkeys(COLUMNS[1:], name)} for group, name in ids]
    schema = pa.schema([("mail_group", pa.int32()), *((name, pa.string()) for name in COLUMNS[1:])])
    return list(pa.Table.from_pylist(columns, schema=schema).to_batches(max_chunksize=3))


def write(folder: Path, given_: list[pa.RecordBatch], placed: Chunking) -> None:
    with PlanWriter(folder, {"only.en.tracked": Greeting()}, slots=1) as writer:
        writer.write_people(given_, placed)
        writer.write_not_planned(AUDIENCE.empty_table().to_reader())


@given(SIZES, st.data())
def test_regroup_keeps_every_row_in_order(sizes: list[int], data: st.DataObject) -> None:
    total = sum(sizes)
    edges = sorted(data.draw(st.sets(st.integers(0, total))) | {0, total})
    rows = pa.table({"n": range(total)})
    tables = [rows.slice(start, stop - start) for start, stop in pairwise(edges)]
    cut = list(regroup(tables, sizes))
    assert [table["n"].to_pylist() for table in cut] == [
        list(range(stop - size, stop)) for size, stop in zip(sizes, accumulate(sizes), strict=True)
    ]


def test_rows_are_where_ledger_and_audience_locate_them(tmp_path: Path) -> None:
    placed = chunking([2] * (CHUNKS_PER_FILE - 1) + [1], [2, 1])
    write(tmp_path, people(2 * CHUNKS_PER_FILE - 1, 3), placed)
    lines = pq.read_table(tmp_path / "audience.parquet").to_pylist()
    by_place = {(line["chunk"], line["row"]): line for line in lines}
    rows = list(chunk_rows(placed.chunks))
    assert len(by_place) == len(lines) == sum(row["recipients"] for row in rows)
    for row in rows:
        part = pq.read_table(tmp_path / row["file"]).slice(row["first_row"], row["root_size"]).to_pylist()
        assert [person["slot_0"] for person in part] == [f"Dear {person['message_key']}" for person in part]
        found = [by_place[row["chunk"], place] for place in range(row["root_size"])]
        assert [line["message_key"] for line in found] == [person["message_key"] for person in part]
        assert {line["mailbox_provider"] for line in found} == {row["provider"]}


@pytest.mark.parametrize("counts", [(4, 2), (5, 3), (4, 3), (5, 1), (6, 2), (5,)])
def test_person_without_an_address_is_an_error(tmp_path: Path, counts: tuple[int, ...]) -> None:
    """The chunks are for groups of 5 and 2; an equal sum with other group sizes fails too."""
    with pytest.raises(PlanError, match="no address"):
        write(tmp_path, people(*counts), chunking([3, 2], [2]))
