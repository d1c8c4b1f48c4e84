-- name: claims_insert
-- owner: dispatch
-- grain: one row per address that a due run of a campaign claims (temp table claims)
-- params: place, campaign, occurrence
-- purpose: The run in temp table audience claims the addresses of everybody whom it would mail, and of its own hold-out: other
--          mail would cap these people when the run is planned, and leave the experiment without its second arm.
insert into claims by name
select
    $place::integer as place,
    $campaign as campaign,
    $occurrence as occurrence,
    subscriber.address_key
from audience
inner join core.subscribers as subscriber using (subscriber_id)
where audience.state = 'planned' or audience.reason = 'hold_out';
