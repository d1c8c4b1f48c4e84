delete from core.schema_history where checksum is not null;
