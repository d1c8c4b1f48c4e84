-- name: 292_previous_features
-- owner: data
-- grain: one row per subscriber
-- params: none
-- purpose: The features of the run before, with which the conditions of people who enter a segment are compared.
create table if not exists segment.previous_features (
    subscriber_id varchar,
    as_of timestamptz,
    days_since_signup integer,
    first_purchased_at timestamptz,
    last_purchased_at timestamptz,
    days_since_purchase integer,
    purchases integer,
    revenue decimal(18, 2),
    recency_score tinyint,
    frequency_score tinyint,
    monetary_score tinyint,
    lifecycle_stage varchar,
    last_human_engaged_at timestamptz,
    days_since_engagement integer,
    human_opens_90d integer,
    human_clicks_90d integer,
    engagement_level varchar,
    purchase_days integer,
    unconverted integer,
    last_activity_at timestamptz,
    activities_7d integer,
    activities_30d integer,
    average_order decimal(18, 2),
    purchase_gap_days integer,
    days_until_birthday integer,
    human_opens_30d integer,
    human_clicks_30d integer,
    days_since_activity integer
);
