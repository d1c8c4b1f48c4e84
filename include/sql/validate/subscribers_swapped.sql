-- name: subscribers_swapped
-- owner: data
-- grain: one row per pair of columns
-- params: files
-- purpose: Whether two columns were swapped: among the first 10,000 rows, those for which the warehouse has two different
--          values, and how many of them hold each other's known value.
with landed as (
    select *
    from read_parquet($files)
    where unreadable is null and row_number < 10000
),

paired as (
    select
        unnest([
            {
                'pair': 'first_name and last_name', 'one': landed.first_name, 'other': landed.last_name,
                'known_one': identity.first_name, 'known_other': identity.last_name
            },
            {
                'pair': 'lawful_basis and consent_source', 'one': trim(landed.lawful_basis),
                'other': trim(landed.consent_source), 'known_one': known.lawful_basis, 'known_other': known.consent_source
            },
            {
                'pair': 'lawful_basis and consent_wording', 'one': trim(landed.lawful_basis),
                'other': trim(landed.consent_wording), 'known_one': known.lawful_basis,
                'known_other': known.consent_wording
            },
            {
                'pair': 'consent_source and consent_wording', 'one': trim(landed.consent_source),
                'other': trim(landed.consent_wording), 'known_one': known.consent_source,
                'known_other': known.consent_wording
            },
            {
                'pair': 'signed_up_at and consented_at', 'one': source_time(landed.signed_up_at)::varchar,
                'other': source_time(landed.consented_at)::varchar, 'known_one': known.signed_up_at::varchar,
                'known_other': known.consented_at::varchar
            },
            {
                'pair': 'signed_up_at and updated_at', 'one': source_time(landed.signed_up_at)::varchar,
                'other': source_time(landed.updated_at)::varchar, 'known_one': known.signed_up_at::varchar,
                'known_other': known.updated_at::varchar
            },
            {
                'pair': 'consented_at and updated_at', 'one': source_time(landed.consented_at)::varchar,
                'other': source_time(landed.updated_at)::varchar, 'known_one': known.consented_at::varchar,
                'known_other': known.updated_at::varchar
            }
        ], recursive := true)
    from landed
    inner join core.subscribers as known on landed.subscriber_id = known.subscriber_id and known.deleted_at is null
    inner join core.identities as identity on landed.subscriber_id = identity.subscriber_id
)

select
    pair,
    count(*) filter (where known_one <> known_other) as compared_rows,
    count(*) filter (where known_one <> known_other and one = known_other and other = known_one) as swapped_rows
from paired
group by pair
order by pair;
