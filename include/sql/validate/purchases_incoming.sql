-- name: purchases_incoming
-- owner: data
-- grain: one row per valid landed purchase (temp table incoming)
-- params: files, run
-- purpose: The valid rows of a piece, typed, with the action of the merge. A purchase has no time of change, so it is
--          updated where it differs.
create or replace temp table incoming as
with valid as (
    select
        purchase_id,
        subscriber_id,
        source_time(purchased_at) as purchased_at,
        try_cast(amount as decimal(18, 2)) as amount,
        upper(trim(currency)) as currency,
        try_cast(items as integer) as items,
        $run as landed_run
    from read_parquet($files)
    anti join (
        select row_number
        from quality.quarantine
        where landed_run = $run and relation = 'purchases'
    ) as quarantined using (row_number)
),

known_keys as (
    select rowid as known_row
    from core.purchases
    where purchase_id in (from read_parquet($files) select purchase_id)
),

known as (
    select *
    from core.purchases
    where rowid in (select known_row from known_keys)
)

select
    valid.*,
    case
        when known.purchase_id is null then 'insert'
        when
            valid.subscriber_id <> known.subscriber_id
            or valid.purchased_at <> known.purchased_at
            or valid.amount <> known.amount
            or valid.currency <> known.currency
            or coalesce(valid.items, -1) <> coalesce(known.items, -1)
            then 'update'
        else 'unchanged'
    end as action
from valid
left join known on valid.purchase_id = known.purchase_id;
