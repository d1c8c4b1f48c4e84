create temp macro hashed_address(address) as concat('hash of ', address);
create temp macro keyed_unicode_address(email) as concat('Python''s hash of ', email);
