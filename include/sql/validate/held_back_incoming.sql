-- name: held_back_incoming
-- owner: data
-- grain: one row per subscriber and quarantined row (temp table held_back_incoming)
-- params: files, run, is_accepted
-- purpose: The subscribers that the quarantined rows of a batch concern, among the known ones and those in the batch: the
--          subscriber with the id, and the one who has the address now. Excluded are subscribers with a newer good row in
--          the batch, and duplicate_id, which a newer row supersedes. A row with duplicate_address concerns its own id only.
--          In a stopped batch (not is_accepted) only rows whose consent cannot be read count: a bad time zone says nothing
--          about consent. Reads the temporary table faults.
create or replace temp table held_back_incoming as
with quarantined as (
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
        subscriber_id in (select because_of from quarantined)
        or lower(trim(email)) in (select address from quarantined)
        or subscriber_id in (
            select known.subscriber_id
            from quarantined
            inner join core.subscribers as known on quarantined.address_key = known.address_key
        )
),

concerned as (
    select
        known.subscriber_id,
        quarantined.because_of,
        quarantined.updated_at
    from quarantined
    inner join core.subscribers as known on quarantined.because_of = known.subscriber_id
    union
    select
        known.subscriber_id,
        quarantined.because_of,
        quarantined.updated_at
    from quarantined
    inner join core.subscribers as known on quarantined.address_key = known.address_key
    union
    select
        landed.subscriber_id,
        quarantined.because_of,
        quarantined.updated_at
    from quarantined
    inner join landed on quarantined.because_of = landed.subscriber_id
    union
    select
        landed.subscriber_id,
        quarantined.because_of,
        quarantined.updated_at
    from quarantined
    inner join landed on quarantined.address = landed.address
),

newest_good as (
    select
        subscriber_id,
        max(updated_at) as newest_good_at
    from landed
    group by subscriber_id
)

select distinct
    concerned.subscriber_id,
    concerned.because_of
from concerned
left join newest_good on concerned.subscriber_id = newest_good.subscriber_id
where not coalesce(newest_good.newest_good_at > concerned.updated_at, false);
