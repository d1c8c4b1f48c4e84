-- name: audience_budget
-- owner: dispatch
-- grain: one row per selected subscriber (temp table audience)
-- params: campaign, occurrence, most
-- purpose: Caps who is beyond the campaign's budget: the first $most people stay planned, most engaged first. People of the hold-out
--          who come after them are capped too, so that the two arms of the experiment stay comparable. A capped
--          person has a key of this occurrence, like all capped people, so that a later run can send to them.
update audience
set
    state = 'capped',
    reason = 'budget',
    message_key = message_key($campaign, $occurrence, audience.subscriber_id)::uuid
from (
    select
        subscriber_id,
        count(*) filter (where state = 'planned') over (
            order by engaged_days_ago asc, message_key asc rows between unbounded preceding and current row
        ) as place
    from audience
    where state in ('planned', 'held_out')
) as ranked
where audience.subscriber_id = ranked.subscriber_id and ranked.place > $most;
