-- name: audience_pending
-- owner: dispatch
-- grain: one row per pending person of a frozen plan (temp table audience)
-- params: audience_file
-- purpose: The pending people of a plan whose content is replaced, in the form of audience.sql, so that people.sql fills their
--          slots again. Reads the plan's audience file and the view pending_spans (which rows of a root chunk are pending, with
--          the language of their content). Each root chunk is a group of its own, and people.sql returns the rows of a
--          chunk in the order of its file.
create or replace temp table audience as
select
    planned.message_key::uuid as message_key,
    planned.subscriber_id,
    printf('%09d', planned.chunk) as variant,
    span.locale,
    true as tracking_consent,
    '' as mailbox_provider,
    null::varchar as timezone,
    'planned' as state,
    null::timestamptz as consent_expires_at,
    planned.row as engaged_days_ago,
    null::tinyint as send_hour
from read_parquet($audience_file) as planned
inner join pending_spans as span
    on planned.chunk = span.root and planned.row >= span.first and planned.row < span.stop
where planned.state = 'planned';
