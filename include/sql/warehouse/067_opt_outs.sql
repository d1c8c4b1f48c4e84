-- name: 067_opt_outs
-- owner: data
-- grain: one row per unsubscribed message
-- params: none
-- purpose: A copy of the unsubscribes in the ledger that name a message, as of the last analysis: one-click and the
--          preference page are not webhook events.
create table if not exists engagement.opt_outs (
    message_key varchar not null,
    happened_at timestamptz not null
);
