create temp table counted_values as
select 'currency' as column_name, printf('C%02d', i) as value, 100 - i as value_rows from range(51) as codes (i)
union all
select 'currency' as column_name, 'other' as value, 7 as value_rows
union all
select 'kind' as column_name, 'sale' as value, 3 as value_rows;
