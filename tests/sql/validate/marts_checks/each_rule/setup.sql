create temp table mart_rows as
from (
    values
        ('sums', 'k1', true, false, null), ('sums', 'k1', false, true, null), ('sums', 'k2', false, false, null),
        ('sums', null, null, null, {rate: 0.5, part: 1, whole: 2}), ('sums', null, null, null, {rate: 1.5, part: 3, whole: 2}),
        ('rates', null, null, null, {rate: -0.1, part: 0, whole: 1}), ('rates', null, null, null, {rate: 'nan'::double, part: 0, whole: 1}),
        ('rates', null, null, null, {rate: 1.5, part: 1, whole: 2}), ('rates', null, null, null, {rate: null, part: 1, whole: 0})
) as rows_of (item, row_key, is_broken, is_negative, ratio);
alter table mart_rows alter ratio type struct (rate double, part double, whole double);
