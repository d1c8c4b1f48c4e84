-- name: subscribers_row_metrics
-- owner: data
-- grain: one row per landed row
-- params: files, now, template
-- purpose: The metrics that the suite data_quality/subscribers.py checks: numbers, flags and short codes for each row, null
--          where a rule does not apply. Names and ids are left out, and the address is read by the address rules only, so
--          that no personal data can reach a quality report. Days are elapsed and signed: -1 is within the next 24 hours.
--          They are computed by epoch, because date_diff on a timestamptz uses the time zone's calendar and takes a hundred
--          times as long.
with landed as (
    select
        *,
        if(says_no(status), 'unsubscribed', lower(trim(status))) as state,
        epoch(source_time(signed_up_at)) as signed_up_second,
        epoch(source_time(consented_at)) as consented_second,
        epoch(source_time(updated_at)) as updated_second,
        concat_ws(
            ' ', subscriber_id, email, first_name, last_name, country, locale, timezone, signed_up_at, status, lawful_basis,
            consent_source, consented_at, consent_wording, consent_expires_at, tracking_consent, updated_at
        ) as all_text
    from read_parquet($files)
    where unreadable is null
)

select
    row_number,
    length(subscriber_id) as id_length,
    regexp_matches(subscriber_id, '[@\s]') as id_has_at_or_space,
    trimmed_address(email) as email,
    coalesce(state, 'missing') as state,
    if(state = 'subscribed', trim(lawful_basis) <> '' is true, null) as has_lawful_basis,
    if(state = 'subscribed', trim(consent_source) <> '' is true, null) as has_consent_source,
    if(state = 'subscribed', trim(consented_at) <> '' is true, null) as has_consented_at,
    if(state = 'subscribed', trim(consent_wording) <> '' is true, null) as has_consent_wording,
    if(signed_up_at is null, null, signed_up_second is not null) as signed_up_at_reads,
    if(consented_at is null, null, consented_second is not null) as consented_at_reads,
    if(consent_expires_at is null, null, source_time(consent_expires_at) is not null) as consent_expires_at_reads,
    updated_second is not null as updated_at_reads,
    floor((epoch($now::timestamptz) - signed_up_second) / 86400)::bigint as days_since_sign_up,
    floor((epoch($now::timestamptz) - consented_second) / 86400)::bigint as days_since_consent,
    floor((epoch($now::timestamptz) - updated_second) / 86400)::bigint as days_since_update,
    if(
        state = 'subscribed', floor((consented_second - signed_up_second) / 86400), null
    )::bigint as days_from_sign_up_to_consent,
    upper(trim(country)) as country,
    trim(timezone) as timezone,
    regexp_full_match(
        trim(locale),
        '[A-Za-z]{2,3}([-_][A-Za-z]{4})?([-_]([A-Za-z]{2}|[0-9]{3}))?'
        || '([-_]([A-Za-z0-9]{5,8}|[0-9][A-Za-z0-9]{3}))*'
    ) as locale_is_well_formed,
    if(says_no(tracking_consent), 'no', lower(trim(tracking_consent))) as tracking_consent,
    if(
        attributes is null, null, if(json_valid(attributes), json_type(try_cast(attributes as json)), 'none')
    ) as attributes_type,
    length(attributes) as attributes_length,
    greatest(length(first_name), length(last_name)) as name_length,
    regexp_matches(concat_ws(chr(10), first_name, last_name), $template) as name_looks_like_template,
    greatest(
        length(country), length(locale), length(timezone), length(status), length(lawful_basis), length(consent_source),
        length(consent_wording), length(tracking_consent)
    ) as code_length,
    regexp_matches(
        all_text, '[\x{00}-\x{1F}\x{7F}-\x{9F}\x{2028}\x{2029}\x{202A}-\x{202E}\x{2066}-\x{2069}]'
    ) as has_control_character,
    contains(all_text, chr(65533)) as has_undecodable_text
from landed;
