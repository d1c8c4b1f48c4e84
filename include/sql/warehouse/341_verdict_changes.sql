-- name: 341_verdict_changes
-- owner: data
-- grain: one row per round of a reclassification, campaign, occurrence, event and pair of verdicts
-- params: none
-- purpose: What a new version of the rules made of the history: events by their verdict before and after, those that kept it
--          included.
create table if not exists engagement.verdict_changes (
    changed_at timestamptz not null,
    from_version integer not null,
    to_version integer not null,
    campaign varchar not null,
    occurrence varchar not null,
    event varchar not null,
    verdict_before varchar not null,
    verdict_after varchar not null,
    events bigint not null,
    messages bigint not null
);
