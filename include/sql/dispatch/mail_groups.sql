-- name: mail_groups
-- owner: dispatch
-- grain: one row per group of planned people (temp table mail_groups)
-- params: by_zone, engaged_days, warm_days
-- purpose: Groups of people who can share requests. They have the same values of everything that SendGrid accepts once per
--          request (variant, locale, tracking consent), and the same mailbox provider, so that a hold affects one provider only.
--          by_zone: the campaign has a send window, so a group also has one time zone ('' for none). recent and warm: the
--          number of people engaged in the last $engaged_days and $warm_days.
create or replace temp table mail_groups as
with zoned as (
    select
        *,
        if($by_zone, coalesce(timezone, ''), '') as zone
    from audience
    where state = 'planned'
)

select
    (
        row_number() over (order by variant asc, locale asc, tracking_consent desc, mailbox_provider asc, zone asc) - 1
    )::integer as mail_group,
    variant,
    locale,
    tracking_consent,
    mailbox_provider,
    zone,
    count(*)::integer as people,
    (count(*) filter (where engaged_days_ago <= $engaged_days))::integer as recent,
    (count(*) filter (where engaged_days_ago <= $warm_days))::integer as warm
from zoned
group by variant, locale, tracking_consent, mailbox_provider, zone;
