-- name: keyed_address
-- owner: data
-- grain: a value
-- params: none
-- purpose: The keyed hash of an address as a source writes it, the SQL twin of include.core.keys.address_key. Nearly every
--          address is ASCII and is hashed here by all threads, in half the CPU time of Python; the others need Unicode's
--          normal forms and IDNA: keyed_unicode_address. hashed_address hashes a text with every address key in turn
--          (include/validate/sql_functions.py). The spaces that Python strips are removed only where there are any, since
--          trim() with a list takes half as long as the hash.
create or replace temp macro keyed_address(email) as (
    case
        when strlen(email) <> length(email) then keyed_unicode_address(email)
        when least(ascii(email), ascii(substr(email, length(email), 1))) > ascii(' ') then hashed_address(lower(email))
        else hashed_address(lower(trim(email, concat(
            ' ', chr(9), chr(10), chr(11), chr(12), chr(13), chr(28), chr(29), chr(30), chr(31)
        ))))
    end
);
