-- name: 142_sends_tracked
-- owner: dispatch
-- grain: none
-- params: none
-- purpose: Whether the message carries the pixel and rewritten links (the subscriber consented to tracking); null for
--          messages that were never in a chunk. Only tracked messages report opens and clicks, so open and click rates are
--          over these.
alter table dispatch.sends add column if not exists tracked boolean;
