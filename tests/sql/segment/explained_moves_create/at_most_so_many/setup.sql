create or replace macro hash(id) as if(id = 'last', 2, 1)::ubigint;
create temp table moves as
from (
    values
    ('a', 'last', 'entered'), ('a', 'third', 'entered'), ('a', 'first', 'entered'), ('a', 'second', 'entered'),
    ('a', 'last', 'left'), ('b', 'last', 'entered'), ('b', 'third', 'entered')
) as moved (segment, subscriber_id, moved);
