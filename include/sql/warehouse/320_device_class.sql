-- name: 320_device_class
-- owner: data
-- grain: a value
-- params: none
-- purpose: The kind of device of a user agent: mobile, tablet, desktop, proxy (the image proxies of Gmail, Yahoo and Apple,
--          which hide the device), other; null without a user agent.
create or replace macro device_class(user_agent) as (
    case
        when user_agent is null or user_agent = '' then null
        when regexp_matches(user_agent, 'GoogleImageProxy|ggpht|YahooMailProxy|^Mozilla/5\.0$') then 'proxy'
        when regexp_matches(user_agent, 'iPad|Tablet|Kindle|Silk/') then 'tablet'
        when contains(user_agent, 'Android') and not contains(user_agent, 'Mobile') then 'tablet'
        when regexp_matches(user_agent, 'iPhone|iPod|Android|Mobile') then 'mobile'
        when regexp_matches(user_agent, 'Windows NT|Macintosh|X11|CrOS') then 'desktop'
        else 'other'
    end
);
