create temp table own_moves as
from (values ('moved', 0, 1, 2)) as moves (subscriber_id, block, entered, gone);
