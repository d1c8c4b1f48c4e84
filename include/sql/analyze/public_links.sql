-- name: public_links
-- owner: privacy
-- grain: one row per clicked link
-- params: none
-- purpose: The form in which each clicked link is published. Its query tells two products apart, but may
--          hold what a template wrote for one person (a token, a coupon, a name): a parameter keeps its value where at least
--          two people clicked a link with this value, and else the value is replaced by a hyphen. So is the token of an
--          unsubscribe, preference or confirmation page: a reader of the file must not be able to act for a recipient. What
--          follows # is left out.
create or replace table build.public_links as
with clicked as (
    select
        url,
        min(subscriber_id) as one_person,
        max(subscriber_id) as another
    from engagement.events
    where event = 'clicked' and url is not null
    group by url
),

cut as (
    select
        *,
        regexp_replace(split_part(split_part(url, '#', 1), '?', 1), '/(u|preferences|confirm)/[^/]+', '/\1/-') as page,
        nullif(substr(split_part(url, '#', 1), 2 + length(split_part(split_part(url, '#', 1), '?', 1))), '') as query
    from clicked
),

parameters as (
    select
        url,
        one_person,
        another,
        unnest(string_split(query, '&')) as parameter,
        generate_subscripts(string_split(query, '&'), 1) as place
    from cut
    where query is not null
),

shared as (
    select parameter
    from parameters
    group by parameter
    having min(one_person) <> max(another)
),

queries as (
    select
        parameters.url,
        string_agg(
            case
                when shared.parameter is not null then parameters.parameter
                when contains(parameters.parameter, '=') then split_part(parameters.parameter, '=', 1) || '=-'
                else '-'
            end, '&' order by parameters.place
        ) as query
    from parameters
    left join shared on parameters.parameter = shared.parameter
    group by parameters.url
)

select
    cut.url,
    cut.page || coalesce('?' || queries.query, '') as public_url
from cut
left join queries on cut.url = queries.url;
