create temp table changed_messages as select unnest(['m1']) as message_key;
