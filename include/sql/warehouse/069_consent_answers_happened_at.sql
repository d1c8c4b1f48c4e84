-- name: 069_consent_answers_happened_at
-- owner: data
-- grain: none
-- params: none
-- purpose: When the subscriber gave the answer, which is compared with the source's. Null in copies from before this column:
--          then a yes is older than every no, and a no is newer than every yes.
alter table core.consent_answers add column if not exists happened_at timestamptz;
