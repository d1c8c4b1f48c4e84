-- name: selected_part
-- owner: dispatch
-- grain: one row per selected subscriber (temp table selected)
-- params: campaign, occurrence, test_share, is_rest
-- purpose: Restricts temp table selected, for a campaign with a winner, to the people who test its variants, or to the rest.
--          $test_share of 10,000 are drawn by a hash of campaign, $occurrence and person, so that the two parts never share a
--          person, whenever each is planned.
create or replace temp table selected as
select subscriber_id
from selected
where
    $is_rest
    = (hash64(concat(message_key($campaign, $occurrence, subscriber_id), ':test')) % 10000 >= $test_share);
