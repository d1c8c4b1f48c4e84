-- name: subscribers_combine
-- owner: data
-- grain: one row per subscriber; every row without an id, and every older row of an id that one source has twice
-- params: files, sources, precedence
-- purpose: One row per subscriber from the rows of several sources, which the column source names; `sources` is their order.
--          `precedence` has for each column the sources in the order in which a value is taken. Status and proof of consent
--          come from one source together: the newest answer, where a refusal counts from its change, consent from its own
--          time, and a tie, an unknown word or an unreadable time is a refusal. Tracking is refused where one source refuses
--          it. `origins` has the source of each value. Where one source has an id twice, fields are taken from its newest row,
--          and the others land before it as they are: validation, which keeps the last of equals, quarantines them.
with landed as (
    select
        *,
        list_position($sources::varchar[], source) as source_rank,
        coalesce(lower(trim(status)) = 'subscribed', false) as is_yes,
        if(is_yes, source_time(consented_at), source_time(updated_at)) as answered_at
    from read_parquet($files)
    where unreadable is null and subscriber_id is not null
),

repeated as (
    select
        subscriber_id,
        source
    from landed
    group by subscriber_id, source
    having count(*) > 1
),

versions as (
    select
        *,
        row_number() over (
            partition by subscriber_id, source
            order by source_time(updated_at) desc nulls last, is_yes asc
        ) as version
    from landed
    semi join repeated using (subscriber_id, source)
),

newest as (
    select *
    from landed
    anti join repeated using (subscriber_id, source)
    union all by name
    select * exclude (version)
    from versions
    where version = 1
),

answers as (
    select
        landed.*,
        max(answered_at) filter (where is_yes) over (partition by subscriber_id) as newest_yes_at
    from landed
    where status is not null
),

decisive as (
    select *
    from answers
    qualify
        row_number() over (
            partition by subscriber_id
            order by
                not is_yes and coalesce(answered_at >= newest_yes_at, true) desc,
                is_yes desc,
                answered_at desc nulls last,
                source_rank asc
        ) = 1
),

picked as (
    select
        subscriber_id,
        arg_min({ 'text': email, 'source': source }, list_position(struct_extract($precedence, 'email'), source))
        filter (where email is not null) as email,
        arg_min({ 'text': first_name, 'source': source }, list_position(struct_extract($precedence, 'first_name'), source))
        filter (where first_name is not null) as first_name,
        arg_min({ 'text': last_name, 'source': source }, list_position(struct_extract($precedence, 'last_name'), source))
        filter (where last_name is not null) as last_name,
        arg_min({ 'text': country, 'source': source }, list_position(struct_extract($precedence, 'country'), source))
        filter (where country is not null) as country,
        arg_min({ 'text': locale, 'source': source }, list_position(struct_extract($precedence, 'locale'), source))
        filter (where locale is not null) as locale,
        arg_min({ 'text': timezone, 'source': source }, list_position(struct_extract($precedence, 'timezone'), source))
        filter (where timezone is not null) as timezone,
        arg_min(
            { 'text': signed_up_at, 'source': source }, list_position(struct_extract($precedence, 'signed_up_at'), source)
        )
        filter (where signed_up_at is not null) as signed_up_at,
        arg_min({ 'text': attributes, 'source': source }, list_position(struct_extract($precedence, 'attributes'), source))
        filter (where attributes is not null) as attributes,
        arg_min(
            { 'text': tracking_consent, 'source': source },
            if(says_no(tracking_consent), 0, list_position(struct_extract($precedence, 'tracking_consent'), source))
        ) filter (where tracking_consent is not null) as tracking_consent,
        arg_max(
            { 'text': updated_at, 'source': source }, coalesce(source_time(updated_at), '-infinity'::timestamptz)
        ) filter (where updated_at is not null) as updated_at
    from newest
    group by subscriber_id
),

combined as (
    select
        picked.subscriber_id,
        picked.email.text as email,
        decisive.status,
        decisive.lawful_basis,
        decisive.consent_source,
        decisive.consented_at,
        decisive.consent_wording,
        picked.updated_at.text as updated_at,
        picked.first_name.text as first_name,
        picked.last_name.text as last_name,
        picked.country.text as country,
        picked.locale.text as locale,
        picked.timezone.text as timezone,
        picked.signed_up_at.text as signed_up_at,
        decisive.consent_expires_at,
        picked.tracking_consent.text as tracking_consent,
        picked.attributes.text as attributes,
        {
            'email': picked.email.source, 'status': decisive.source, 'lawful_basis': decisive.source,
            'consent_source': decisive.source,
            'consented_at': decisive.source,
            'consent_wording': decisive.source,
            'updated_at': picked.updated_at.source,
            'first_name': picked.first_name.source,
            'last_name': picked.last_name.source,
            'country': picked.country.source, 'locale': picked.locale.source, 'timezone': picked.timezone.source,
            'signed_up_at': picked.signed_up_at.source, 'consent_expires_at': decisive.source,
            'tracking_consent': picked.tracking_consent.source, 'attributes': picked.attributes.source
        } as origins,
        null::varchar as unreadable
    from picked
    left join decisive on picked.subscriber_id = decisive.subscriber_id
)

select * exclude (source, source_rank, is_yes, answered_at, version) from versions
where version > 1
union all by name
select * from combined
union all by name
select * exclude (source) from read_parquet($files)
where unreadable is not null or subscriber_id is null;
