-- name: quarantine_columns
-- owner: data
-- grain: one row per relation and column
-- params: none
-- purpose: For the export: the relations with rows in quarantine now, and the columns of these rows in the order of the
--          source's contract.
select
    relation,
    column_name
from (
    select
        relation,
        row_number,
        unnest(json_keys(raw_row)) as column_name,
        generate_subscripts(json_keys(raw_row), 1) as place
    from quality.open_quarantine
) as keys
where column_name not in ('row_number', 'unreadable')
group by relation, column_name
order by relation desc, min(place) asc, column_name asc;
