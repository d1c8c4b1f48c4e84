-- name: 067_opt_outs
-- owner: data
-- grain: one row a message that somebody unsubscribed from
-- params: none
-- purpose: A copy of the unsubscribes in the ledger that name a message: one-click and preference page are not webhook
--          events. As of the last analysis.
create table if not exists engagement.opt_outs (
    message_key varchar not null,
    happened_at timestamptz not null
);
