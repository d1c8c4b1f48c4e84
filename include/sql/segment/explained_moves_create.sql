-- name: explained_moves_create
-- owner: data
-- grain: one row per segment and subscriber whose move is explained
-- params: most
-- purpose: Temporary table of the moves of which the conditions that changed are kept: of each segment and direction at most so
--          many, drawn by a hash of the person.
create or replace temp table explained_moves as
select
    segment,
    subscriber_id,
    moved
from temp.moves
qualify row_number() over (partition by segment, moved order by hash(subscriber_id), subscriber_id) <= $most;
