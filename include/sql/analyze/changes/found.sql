-- name: found
-- owner: data
-- grain: one row
-- params: none
-- purpose: A time before every event of the changed messages, by which scans of events skip older ones; a time 30 days before every
--          changed sending; and the share of all messages that changed.
select
    coalesce(
        least(
            (select min(since) from build.changes),
            (
                select min(outcomes.first_at)
                from build.message_outcomes as outcomes
                semi join changed_messages on outcomes.message_key = changed_messages.message_key
            ),
            (
                select min(opt_outs.happened_at)
                from engagement.opt_outs as opt_outs
                semi join changed_messages on opt_outs.message_key = changed_messages.message_key
            )
        ),
        '9999-01-01 00:00:00+00'::timestamptz
    ) as since,
    coalesce((select min(first_at) from resent) - interval 30 days, '9999-01-01 00:00:00+00'::timestamptz) as mailed_since,
    (select count(*) from changed_messages) / greatest((select count(*) from marts.sends), 1) as share;
