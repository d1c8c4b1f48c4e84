-- name: unpublished
-- owner: analytics
-- grain: one row per mart that builds bring up to date
-- params: none
-- purpose: What was replaced in each mart since the last publish: whether the whole mart, and how many keys. Marts that are not
--          listed may have changed in any way.
select
    marts.mart,
    coalesce(bool_or(unpublished.mart is not null and unpublished.key is null), false) as is_whole,
    count(unpublished.key) as keys
from build.marts as marts
left join build.unpublished as unpublished on marts.mart = unpublished.mart
group by marts.mart;
