-- name: verdict_quality
-- owner: analytics
-- grain: one row per rule version, event and class
-- params: none
-- purpose: Precision and recall of the classification, the newest version of the rules first.
select
    rule_version,
    event,
    class,
    precision,
    precision_low,
    precision_high,
    recall,
    recall_low,
    recall_high,
    messages_of_class,
    true_positives,
    false_positives,
    false_negatives,
    strftime(measured_at, '%Y-%m-%d %H:%M') as measured_at
from marts.verdict_quality
order by rule_version desc, event asc, class asc;
