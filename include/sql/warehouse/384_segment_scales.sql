-- name: 384_segment_scales
-- owner: data
-- grain: one row for the features as they are, and one for those of the run before (is_previous)
-- params: none
-- purpose: What the features have in common: the time of the run, the days of the engagement levels, and the bounds of each score: a
--          value above `…_2` has at least score 2. whole_at: when everybody was computed last; basis: by which statements and
--          exchange rates; purchases, activities, events: rows of the sources then. is_whole: for a previous run, whether all of
--          its facts are kept in segment.replaced_facts, and not only those that were replaced.
create table if not exists segment.scales (
    is_previous boolean not null,
    as_of timestamptz not null,
    engaged_days integer not null,
    warm_days integer not null,
    cooling_days integer not null,
    recency_2 timestamptz,
    recency_3 timestamptz,
    recency_4 timestamptz,
    recency_5 timestamptz,
    frequency_2 integer,
    frequency_3 integer,
    frequency_4 integer,
    frequency_5 integer,
    monetary_2 decimal(18, 2),
    monetary_3 decimal(18, 2),
    monetary_4 decimal(18, 2),
    monetary_5 decimal(18, 2),
    whole_at timestamptz,
    basis varchar,
    purchases bigint,
    activities bigint,
    events bigint,
    is_whole boolean not null
);
