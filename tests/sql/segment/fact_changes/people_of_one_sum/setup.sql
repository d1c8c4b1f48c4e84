-- The hashes of all people are added up in one sum.
create or replace macro hash(id, signed_up_at := null, consent := null, birthday := null) as (
    if(consent is null, 7::ubigint, md5_number_lower(concat(id, signed_up_at, consent, birthday)))
);
