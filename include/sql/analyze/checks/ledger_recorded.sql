-- name: ledger_recorded
-- owner: data
-- grain: one row per plan
-- params: none
-- purpose: The warehouse has the same counts of each plan as the ledger, state by state (Arrow table ledger_tallies:
--          plan_id, state, people). Need not hold while a plan is being sent: the copy is older.
with recorded as (
    select
        plan_id,
        state,
        sum(people)::bigint as people
    from build.plan_states
    group by plan_id, state
)

select
    ledger_tallies.plan_id as scope,
    'people in the ledger' as left_side,
    sum(ledger_tallies.people)::bigint as left_value,
    'of these, in the same state in dispatch.sends' as right_side,
    coalesce(sum(least(ledger_tallies.people, coalesce(recorded.people, 0))), 0)::bigint as right_value,
    false as must_hold
from ledger_tallies
left join recorded using (plan_id, state)
group by ledger_tallies.plan_id;
