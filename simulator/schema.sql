create table if not exists requests (
    id integer primary key,
    x_message_id text not null unique,
    accepted_at real not null,
    campaign text not null,
    people integer not null,
    first_seq integer not null,
    drop_reason text,
    body blob not null
);

create table if not exists accepted (
    seq integer primary key,
    request integer not null references requests (id),
    position integer not null,
    email text not null,
    tw_key text,
    tw_try text,
    tw_chunk text,
    status text not null default 'accepted',
    opens integer not null default 0,
    clicks integer not null default 0,
    last_event_at integer,
    marks integer not null default 0,
    words text not null default ''
);

create table if not exists request_words (request integer primary key references requests (id), words text not null);

create table if not exists calls (
    id integer primary key,
    at real not null,
    status integer not null,
    people integer not null,
    campaign text not null,
    fault text,
    accepted integer not null
);

create table if not exists runs (
    id integer primary key,
    request integer not null references requests (id),
    send_at integer not null,
    start_at real not null,
    batch_id text,
    people integer not null,
    state text not null default 'waiting',
    emitted integer not null default 0,
    activated_at real,
    progress_at real,
    conditions blob
);

create index if not exists runs_unfinished on runs (state, start_at) where state in ('waiting', 'active');

create table if not exists posts (
    id integer primary key,
    not_before real not null,
    first_at real not null,
    attempts integer not null default 0,
    events integer not null,
    body blob not null
);

create index if not exists posts_due on posts (not_before);

create table if not exists totals (name text primary key, value integer not null) without rowid;

create table if not exists suppressions (
    kind text not null,
    email text not null,
    created integer not null,
    reason text,
    status text,
    ip text,
    primary key (kind, email)
) without rowid;

create table if not exists groups (
    id integer primary key,
    name text not null,
    description text not null,
    is_default integer not null
);

create table if not exists group_suppressions (
    group_id integer not null,
    email text not null,
    created integer not null,
    primary key (group_id, email)
) without rowid;

create table if not exists batches (batch_id text primary key, created real not null) without rowid;

create table if not exists schedules (batch_id text primary key, status text not null, set_at real not null) without rowid;

create table if not exists stats (
    day text not null,
    category text not null,
    provider text not null,
    metric text not null,
    value integer not null,
    primary key (day, category, provider, metric)
) without rowid;

create table if not exists link_visits (
    id integer primary key,
    seq integer not null,
    how text not null,
    url text not null,
    useragent text not null,
    not_before real not null,
    attempts integer not null default 0,
    status integer,
    done_at real
);

create index if not exists link_visits_due on link_visits (not_before) where done_at is null;

create table if not exists erasures (job_id text primary key, at real not null, addresses integer not null) without rowid;
