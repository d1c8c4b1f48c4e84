-- name: verdict_quality
-- owner: analytics
-- grain: one row per rule version, event and class
-- params: none
-- purpose: Precision and recall of the classification, measured against the simulator's ground truth: of the events of a class
--          (human, machine) and of those classified so. Empty with a real SendGrid, which has no ground truth. The intervals
--          count messages and not events, since a gateway's clicks in one message are found or missed together.
create or replace table marts.verdict_quality as
with classes as (
    select
        rule_version,
        event,
        'machine' as class,
        measured_at,
        machine_as_machine as true_positives,
        human_as_machine as false_positives,
        human_as_human as true_negatives,
        machine_as_human as false_negatives,
        messages_as_machine as messages_classified,
        messages_of_machines as messages_of_class
    from engagement.verdict_quality
    union all
    select
        rule_version,
        event,
        'human' as class,
        measured_at,
        human_as_human as true_positives,
        machine_as_human as false_positives,
        machine_as_machine as true_negatives,
        human_as_machine as false_negatives,
        messages_as_human as messages_classified,
        messages_of_people as messages_of_class
    from engagement.verdict_quality
),

shares as (
    select
        *,
        true_positives / nullif(true_positives + false_positives, 0) as precision,
        true_positives / nullif(true_positives + false_negatives, 0) as recall
    from classes
)

select
    *,
    wilson_interval(precision, messages_classified).low as precision_low,
    wilson_interval(precision, messages_classified).high as precision_high,
    wilson_interval(recall, messages_of_class).low as recall_low,
    wilson_interval(recall, messages_of_class).high as recall_high
from shares
order by rule_version desc, event asc, class asc;
