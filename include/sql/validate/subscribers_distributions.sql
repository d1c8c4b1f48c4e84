-- name: subscribers_distributions
-- owner: data
-- grain: one row per column and value (temp table counted_values)
-- params: files
-- purpose: Count the values of the columns whose distribution is compared with earlier runs: status, country, locale,
--          mailbox provider, tracking consent, proof of consent of subscribed people, and the largest domain. Only codes are
--          counted: anything else, an address in the wrong column for example, is 'other'. The combinations of written
--          values, of which there are few, are counted first and read then.
create or replace temp table counted_values as
with combinations as (
    select
        status,
        country,
        locale,
        tracking_consent,
        lawful_basis is not null
        and consent_source is not null
        and consented_at is not null
        and consent_wording is not null as is_proved,
        count(*) as combined_rows
    from read_parquet($files)
    where unreadable is null
    group by all
),

read_values as (
    select
        if(says_no(status), 'unsubscribed', lower(trim(status))) as state,
        upper(trim(country)) as country,
        replace(lower(trim(locale)), '_', '-') as locale,
        says_yes(tracking_consent) as is_tracked,
        is_proved,
        combined_rows
    from combinations
),

coded as (
    select
        case when state in ('subscribed', 'unsubscribed', 'pending') then state else 'other' end as status,
        case
            when country is null then 'none' when regexp_full_match(country, '[A-Z]{2}') then country else 'other'
        end as country,
        case
            when locale is null then 'none'
            when regexp_full_match(locale, '[a-z]{2,3}(-[a-z]{2})?') then locale
            else 'other'
        end as locale,
        if(is_tracked, 'yes', 'no') as tracking_consent,
        case
            when state = 'subscribed' and is_proved then 'yes' when state = 'subscribed' then 'no' else 'not subscribed'
        end as consent,
        combined_rows
    from read_values
),

domains as materialized (
    select
        lower(rtrim(split_part(email, '@', 2))) as domain,
        count(*) as value_rows
    from read_parquet($files)
    where unreadable is null
    group by domain
    having domain <> ''
)

select
    case
        when grouping(status) = 0 then 'status'
        when grouping(country) = 0 then 'country'
        when grouping(locale) = 0 then 'locale'
        when grouping(tracking_consent) = 0 then 'tracking_consent'
        else 'consent'
    end as column_name,
    coalesce(status, country, locale, tracking_consent, consent) as value,
    sum(combined_rows) as value_rows
from coded
group by grouping sets ((status), (country), (locale), (tracking_consent), (consent))
union all
select
    'mailbox_provider' as column_name,
    mailbox_provider(domain) as value,
    sum(value_rows) as value_rows
from domains
group by mailbox_provider(domain)
union all
select
    'domain' as column_name,
    if(is_largest, 'largest', 'other') as value,
    sum(value_rows) as value_rows
from (
    select
        value_rows,
        row_number() over (order by value_rows desc, domain asc) = 1 as is_largest
    from domains
) as ranked
group by is_largest;
