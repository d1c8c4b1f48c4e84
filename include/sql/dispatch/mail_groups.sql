-- name: mail_groups
-- owner: dispatch
-- grain: one row per group of planned people (temp table mail_groups)
-- params: by_zone, engaged_days, warm_days
-- purpose: Groups of people who can share requests. They have the same values of everything that SendGrid accepts once per
--          request (variant, locale, tracking consent), and the same mailbox provider, so that a hold affects one provider only.
--          by_zone: the campaign has hours of arrival, so a group also has one time zone ('' for none). own_hour: the hour of the
--          day of people who get the mail at their own time, -1 for the others. recent and warm: the
--          number of people engaged in the last $engaged_days and $warm_days.
create or replace temp table mail_groups as
with zoned as (
    select
        *,
        if($by_zone, coalesce(timezone, ''), '') as zone,
        coalesce(send_hour, -1) as own_hour
    from audience
    where state = 'planned'
)

select
    (
        row_number()
            over (
                order by variant asc, locale asc, tracking_consent desc, mailbox_provider asc, zone asc, own_hour asc
            )
        - 1
    )::integer as mail_group,
    variant,
    locale,
    tracking_consent,
    mailbox_provider,
    zone,
    own_hour,
    count(*)::integer as people,
    (count(*) filter (where engaged_days_ago <= $engaged_days))::integer as recent,
    (count(*) filter (where engaged_days_ago <= $warm_days))::integer as warm
from zoned
group by variant, locale, tracking_consent, mailbox_provider, zone, own_hour;
