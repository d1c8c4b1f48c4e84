-- name: 396_days_until_birthday
-- owner: data
-- grain: a value
-- params: none
-- purpose: Days from a day until the next birthday, 0 on the day itself; birthday is month and day as in 04-30. Who was born on 29
--          February celebrates on 1 March in other years, which is the 29th day from 1 February.
create or replace macro days_until_birthday(birthday, day) as (
    (
        make_date(
            year(day) + if(
                make_date(year(day), left(birthday, 2)::integer, 1) + right(birthday, 2)::integer - 1 < day, 1, 0
            )::bigint,
            left(birthday, 2)::integer,
            1
        ) + right(birthday, 2)::integer - 1 - day
    )::integer
);
