-- name: engaged_occurrences
-- owner: data
-- grain: one row per campaign and occurrence
-- params: none
-- purpose: The mails with a delivery, first open or first click that differs.
with before as (
    select
        message_key,
        campaign,
        occurrence,
        delivered_at,
        first_human_open_at,
        first_human_click_at
    from messages_before
),

after as (
    select
        message_key,
        campaign,
        occurrence,
        delivered_at,
        first_human_open_at,
        first_human_click_at
    from messages_after
),

differing as (
    (
        from before
        except all
        from after
    )
    union all
    (
        from after
        except all
        from before
    )
)

select distinct
    campaign,
    occurrence
from differing;
