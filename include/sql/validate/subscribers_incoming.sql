-- name: subscribers_incoming
-- owner: data
-- grain: one row per valid landed subscriber (temp table incoming)
-- params: files, run
-- purpose: The valid rows of a piece, typed and normalised, with the action of the merge: insert, update (a newer version,
--          or a deleted subscriber who returned), or unchanged.
create or replace temp table incoming as
with valid as (
    select
        subscriber_id,
        mailable_address(email) as email,
        keyed_address(email) as address_key,
        first_name,
        last_name,
        upper(trim(country)) as country,
        replace(trim(locale), '_', '-') as locale,
        trim(timezone) as timezone,
        source_time(signed_up_at) as signed_up_at,
        if(says_no(status), 'unsubscribed', lower(trim(status))) as status,
        trim(lawful_basis) as lawful_basis,
        trim(consent_source) as consent_source,
        source_time(consented_at) as consented_at,
        trim(consent_wording) as consent_wording,
        source_time(consent_expires_at) as consent_expires_at,
        says_yes(tracking_consent) as tracking_consent,
        source_time(updated_at) as updated_at,
        try_cast(attributes as json) as attributes,
        $run as landed_run
    from read_parquet($files)
    anti join (
        select row_number
        from quality.quarantine
        where landed_run = $run and relation = 'subscribers'
    ) as quarantined using (row_number)
)

select
    valid.*,
    mailbox_provider(split_part(valid.email, '@', 2)) as mailbox_provider,
    case
        when known.subscriber_id is null then 'insert'
        when valid.updated_at > known.updated_at or known.deleted_at is not null then 'update'
        else 'unchanged'
    end as action
from valid
left join core.subscribers as known on valid.subscriber_id = known.subscriber_id;
