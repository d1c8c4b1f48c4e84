-- name: held_back_incoming
-- owner: data
-- grain: one row a subscriber a refused row (temp table held_back_incoming)
-- params: files, run, is_accepted
-- purpose: Whom the quarantined rows of a batch are about, among those who are known or come with it: the subscriber of that id,
--          and whoever has the address now. Not where the batch holds a newer good row of the person, and not for an id that
--          stands twice, which gives way to the newer. An address that two ids claim (duplicate_address) is an answer of the id
--          alone that lost. A batch that was stopped (not is_accepted) holds back only those whose yes cannot be read: a time zone
--          says nothing about consent. Reads the temporary table faults.
create or replace temp table held_back_incoming as
with refused as (
    select
        source_key as because_of,
        source_time(raw_row ->> 'updated_at') as updated_at,
        if(
            reasons in (['duplicate_address'], ['duplicate_address', 'duplicate_id'])
            or not coalesce(contains(raw_row ->> 'email', '@'), false),
            null,
            keyed_address(raw_row ->> 'email')
        ) as address_key,
        if(address_key is null, null, lower(trim(raw_row ->> 'email'))) as address
    from quality.quarantine
    where
        landed_run = $run
        and relation = 'subscribers'
        and reasons <> ['duplicate_id']
        and (
            $is_accepted
            or list_has_any(
                reasons,
                [
                    'id_missing', 'id_too_long', 'id_form', 'address_missing', 'address_syntax', 'address_confusable',
                    'status_unknown', 'lawful_basis_missing', 'consent_source_missing', 'consented_at_missing',
                    'consent_wording_missing', 'consent_in_future', 'consent_before_sign_up', 'consented_at_unreadable',
                    'consented_at_implausible', 'consent_expires_at_unreadable', 'undecodable', 'control_character'
                ]
            )
        )
),

landed as (
    select
        subscriber_id,
        lower(trim(email)) as address,
        source_time(updated_at) as updated_at
    from read_parquet($files)
    anti join faults using (row_number)
    where
        subscriber_id in (select because_of from refused)
        or lower(trim(email)) in (select address from refused)
        or subscriber_id in (
            select known.subscriber_id
            from refused
            inner join core.subscribers as known on refused.address_key = known.address_key
        )
),

about as (
    select
        known.subscriber_id,
        refused.because_of,
        refused.updated_at
    from refused
    inner join core.subscribers as known on refused.because_of = known.subscriber_id
    union
    select
        known.subscriber_id,
        refused.because_of,
        refused.updated_at
    from refused
    inner join core.subscribers as known on refused.address_key = known.address_key
    union
    select
        landed.subscriber_id,
        refused.because_of,
        refused.updated_at
    from refused
    inner join landed on refused.because_of = landed.subscriber_id
    union
    select
        landed.subscriber_id,
        refused.because_of,
        refused.updated_at
    from refused
    inner join landed on refused.address = landed.address
),

good as (
    select
        subscriber_id,
        max(updated_at) as newest_good_at
    from landed
    group by subscriber_id
)

select distinct
    about.subscriber_id,
    about.because_of
from about
left join good on about.subscriber_id = good.subscriber_id
where not coalesce(good.newest_good_at > about.updated_at, false);
