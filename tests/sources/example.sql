-- A sample of the source example, as SQLite: its tables with a few invented rows, of each kind that the source has.
create table contacts (
    id text, mail text, newsletter integer, basis text, signup_page text, agreed_at text, agreed_to text, changed_at text,
    given_name text, family_name text, country_code text, language text, created_at text
);
insert into contacts values
    ('C1', 'ada@example.com', 1, 'consent', 'checkout', '2026-05-01 10:00:00', 'v2', '2026-05-01 10:00:00',
     'Ada', 'Lovelace', 'gb', 'en-GB', '2026-05-01 09:59:00'),
    ('C2', 'alan@example.com', 0, null, null, null, null, '2026-05-02 10:00:00', 'Alan', null, null, null, null);
create table sales (number text, contact_id text, sold_at text, total_cents integer, currency text);
insert into sales values ('N1', 'C1', '2026-06-01 12:00:00', 1177, 'EUR');
