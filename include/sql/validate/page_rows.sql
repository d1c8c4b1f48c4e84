-- name: page_rows
-- owner: data
-- grain: one row per quarantined row and reason
-- params: none
-- purpose: For the quality page: the newest fifty rows in quarantine now, by reason. A row is identified by run and number,
--          or file and line, and by its key where that cannot be personal data: letters with a digit, and no space. Values
--          are not shown.
select
    relation,
    reason,
    landed_run,
    coalesce(raw_row ->> 'unreadable', concat('row ', row_number)) as place,
    if(
        regexp_full_match(source_key, '[A-Za-z0-9_.:/|+=-]{1,64}') and regexp_matches(source_key, '[0-9]'), source_key, null
    ) as source_key
from (
    select
        relation,
        landed_run,
        row_number,
        source_key,
        raw_row,
        quarantined_at,
        unnest(reasons) as reason
    from quality.open_quarantine
) as samples
qualify row_number() over (partition by relation, reason order by quarantined_at desc, row_number asc) <= 50
order by relation desc, reason asc, quarantined_at desc, row_number asc;
