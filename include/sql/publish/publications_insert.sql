-- name: publications_insert
-- owner: data
-- grain: one row
-- params: build, published_at
-- purpose: Record that a build was published.
insert into core.publications (build, published_at)
values ($build, $published_at);
