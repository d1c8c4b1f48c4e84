-- name: journeys
-- owner: analytics
-- grain: one row per journey and version
-- params: none
-- purpose: The people of each journey by where they are, and its picture (SVG). From the Arrow table ledger_journeys, which
--          include/analyze/journeys.py computes from the ledger.
create or replace table marts.journeys as
select
    journey,
    title,
    version,
    is_current,
    state,
    inside + finished + goal + left_early + cancelled as entered,
    inside,
    finished,
    goal,
    left_early,
    cancelled,
    picture
from ledger_journeys
order by journey asc, is_current desc, version asc;
