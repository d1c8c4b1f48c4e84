-- name: changed_members_create
-- owner: data
-- grain: one row per subscriber and block that this run changes
-- params: built
-- purpose: Temporary table of the members whose bits differ: `before` and `now` of the segments that the run builds, and
--          `bits`, which segment.members gets. They may differ from what is stored only: if an earlier try had other results.
create or replace temp table changed_members as
with masks as (
    select
        block,
        bit_or(bit) as bits
    from temp.places
    where list_contains($built::varchar[], segment)
    group by block
),

selected as (
    select
        subscriber_id,
        block,
        bit_or(bits) as bits
    from temp.selected_members
    group by subscriber_id, block
),

compared as (
    select
        coalesce(selected.subscriber_id, members_before.subscriber_id) as subscriber_id,
        coalesce(selected.block, members_before.block) as block,
        members_before.subscriber_id is not null as is_stored,
        coalesce(members_before.stored, 0) as stored,
        coalesce(members_before.bits, 0) as before,
        coalesce(selected.bits, 0) as now
    from selected
    full join temp.members_before
        on selected.subscriber_id = members_before.subscriber_id and selected.block = members_before.block
)

select
    compared.subscriber_id,
    compared.block,
    compared.is_stored,
    compared.before & masks.bits as before,
    compared.now & masks.bits as now,
    (compared.stored & ~masks.bits) | (compared.now & masks.bits) as bits
from compared
inner join masks on compared.block = masks.block
where
    (compared.before & masks.bits) <> (compared.now & masks.bits)
    or (compared.stored & masks.bits) <> (compared.now & masks.bits);
