-- Anna, Ben, Dora and a deleted person share one hash; Carl and a stranger, who is on no list, have others.
create or replace macro id_hash(id) as if(id = 'carl', 1000, if(id = 'stranger', 1001, 7))::ubigint;
