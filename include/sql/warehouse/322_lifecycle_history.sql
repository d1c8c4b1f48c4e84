-- name: 322_lifecycle_history
-- owner: data
-- grain: one row per subscriber and time in one state
-- params: none
-- purpose: Lifecycle stage, RFM scores and engagement of each subscriber by day. A row is written when one of them changes, so
--          the table grows with changes and not with days. valid_until is the first day with another state; null for now.
create table if not exists marts.lifecycle_history (
    subscriber_id varchar not null,
    valid_from date not null,
    valid_until date,
    lifecycle_stage varchar not null,
    recency_score tinyint,
    frequency_score tinyint,
    monetary_score tinyint,
    engagement_level varchar not null
);
