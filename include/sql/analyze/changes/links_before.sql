-- name: links_before
-- owner: data
-- grain: one row per link
-- params: none
-- purpose: The published form of each link, as of the last build.
select
    url,
    public_url
from build.public_links;
