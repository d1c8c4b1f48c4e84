create table marts.campaign_performance (
    campaign varchar,
    planned_at timestamptz,
    selected bigint,
    accepted bigint,
    delivered bigint,
    delivered_tracked bigint,
    human_opens bigint,
    human_opens_lower bigint,
    human_opens_upper bigint,
    raw_openers bigint,
    human_clicks bigint,
    human_clicks_lower bigint,
    human_clicks_upper bigint,
    raw_clickers bigint,
    unsubscribes bigint,
    complaints bigint,
    in_doubt bigint,
    cost double
);
create table marts.reconciliation (holds boolean, must_hold boolean);
