-- name: mailable_addresses
-- owner: operations
-- grain: one row per person who may be mailed
-- params: as_of
-- purpose: The addresses that a plan would mail, for the check of their syntax and domains. They stay within the task.
select identities.email
from core.identities
inner join people_as_of($as_of) as people using (subscriber_id)
where people.withheld_for is null;
