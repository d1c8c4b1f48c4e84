-- name: published_build_insert
-- owner: analytics
-- grain: one row
-- params: build
-- purpose: The marts are published with this build.
insert into build.published (build)
values ($build);
