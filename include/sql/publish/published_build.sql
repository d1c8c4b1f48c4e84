-- name: published_build
-- owner: analytics
-- grain: at most one row
-- params: none
-- purpose: The published build from which the marts differ in build.unpublished only.
select build from build.published;
