-- name: 142_sends_tracked
-- owner: dispatch
-- grain: none
-- params: none
-- purpose: Whether the message carries the pixel and rewritten links (the person consented to tracking); null for who was never
--          in a chunk. Only of tracked people can opens and clicks be seen, so only they are what open and click rates are over.
alter table dispatch.sends add column if not exists tracked boolean;
