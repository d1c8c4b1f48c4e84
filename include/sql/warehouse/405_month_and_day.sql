-- name: 405_month_and_day
-- owner: data
-- grain: a value
-- params: none
-- purpose: Month and day, as in 04-30, of a birthday: of a date (1985-04-30), or of month and day; null for anything else.
create or replace macro month_and_day(birthday) as (
    if(
        length(birthday) in (5, 10)
        and strftime(try_cast('2000-' || right(birthday, 5) as date), '%m-%d') = right(birthday, 5),
        right(birthday, 5),
        null
    )
);
