-- name: 282_features_days_until_birthday
-- owner: data
-- grain: none
-- params: none
-- purpose: Days until the next birthday, from the attribute birthday.
alter table segment.features add column if not exists days_until_birthday integer;
