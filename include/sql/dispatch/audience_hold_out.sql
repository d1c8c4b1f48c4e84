-- name: audience_hold_out
-- owner: dispatch
-- grain: one row per selected subscriber (temp table audience)
-- params: salt, share
-- purpose: Holds out everybody who is in the shop's global hold-out, from people who would be planned or held out otherwise. The
--          draw depends on the person and the salt alone, so it is the same in every campaign. share: of 10,000 draws.
update audience
set state = 'held_out', reason = 'global_hold_out'
where
    state in ('planned', 'held_out')
    and hash64(concat($salt::varchar, ':', subscriber_id)) % 10000 < $share;
