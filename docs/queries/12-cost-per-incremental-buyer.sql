-- question: What does one more buyer cost?
-- reading:  From hold-outs. Where the interval of the lift contains zero, the cost has no upper bound.
select campaign, occurrence, outcome, status, people, held_out, lift, lift_low, lift_high, incremental, cost, cost_per_incremental,
    cost_per_incremental_low, cost_per_incremental_high
from marts.incrementality
order by campaign, occurrence, outcome;
