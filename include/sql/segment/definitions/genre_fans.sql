-- name: genre_fans
-- owner: marketing
-- grain: one row per subscriber
-- params: genre = 'jazz'
-- purpose: People whose favourite genre is this one: the attribute genre of the source, or a basket of that genre.
select subscriber_id
from core.subscribers
where lower(attributes ->> 'genre') = $genre

union

select subscriber_id
from core.activities
where name = 'basket_add' and lower(properties ->> 'genre') = $genre;
