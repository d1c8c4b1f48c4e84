-- name: classify
-- owner: data
-- grain: one row an event
-- params: rule_version
-- purpose: Human or machine, for opens, clicks and unsubscribes of the touched messages. Apple's flag is a verdict by itself;
--          any other signal needs a second one. A message is judged from its own events alone, so the order in which
--          they come does not matter. Change a rule, and RULE_VERSION in include/collect/classify.py grows by one.
--          Signals: sg_machine_open; too_soon (before, or less than 5 s after, delivery); many_links (two links of the mail
--          within 3 s); gateway_agent (security gateways, link previewers, scripts); image_proxy (Gmail's, for an open: it
--          loads pictures for people, and by itself at delivery, so with too_soon it is a machine and alone it is a person).
--          own_link: a click on the person's own unsubscribe, preference or confirmation page (by its token, which is replaced
--          when an event is loaded) that no machine made: a person, but no interest in the mail, so neither human nor machine.
update engagement.events
set
    verdict = case
        when 'sg_machine_open' in judged.signals or len(judged.signals) >= 2 then 'machine'
        when judged.is_own_link then 'own_link'
        else 'human'
    end,
    signals = judged.signals,
    rule_version = $rule_version
from (
    with mine as (
        select
            events.event_key,
            events.message_key,
            events.event,
            events.occurred_at,
            coalesce(events.sg_machine_open, false) as is_apple,
            lower(coalesce(events.user_agent, '')) as agent,
            events.event = 'clicked'
            and regexp_matches(events.url, '/(u|preferences|confirm)/(<token>|[a-z0-9_-]{60,})', 'i') as is_own_link,
            case when events.event = 'clicked' then coalesce(events.url, '') || '#' || coalesce(events.url_index, -1) end
                as link
        from engagement.events
        semi join touched on events.message_key = touched.message_key
        where events.event in ('opened', 'clicked', 'unsubscribed', 'group_unsubscribed', 'delivered')
    ),

    watched as (
        select
            *,
            min(if(event = 'delivered', occurred_at, null)) over (partition by message_key) as delivered_at
        from mine
    ),

    clicks as (
        select
            event_key,
            count(distinct link) over (
                partition by message_key order by occurred_at
                range between interval 3 seconds preceding and current row
            ) as links_before,
            count(distinct link) over (
                partition by message_key order by occurred_at
                range between current row and interval 3 seconds following
            ) as links_after
        from mine
        where event = 'clicked'
    )

    select
        watched.event_key,
        coalesce(watched.is_own_link, false) as is_own_link,
        list_filter([
            if(watched.is_apple, 'sg_machine_open', null),
            if(watched.occurred_at < watched.delivered_at + interval 5 seconds, 'too_soon', null),
            if(greatest(clicks.links_before, clicks.links_after) >= 2, 'many_links', null),
            if(
                regexp_matches(
                    watched.agent,
                    'barracuda|mimecast|proofpoint|urldefense|symantec|messagelabs|fireeye|trendmicro'
                    || '|trend micro|forcepoint|zscaler|check ?point|sophos|ironport|safelinks|ms-office'
                    || '|microsoft office|avanan|cloudmark|bitdefender|google-safety|googlebot|bingpreview'
                    || '|bingbot|slackbot|facebookexternalhit|twitterbot|linkedinbot|whatsapp|telegrambot'
                    || '|discordbot|skypeuripreview|headlesschrome|phantomjs|python-|aiohttp|httpx|curl/'
                    || '|wget/|go-http-client|okhttp|apache-httpclient|java/|libwww-perl|node-fetch|axios'
                    || '|crawler|spider'
                ),
                'gateway_agent', null
            ),
            if(
                watched.event = 'opened'
                and (contains(watched.agent, 'googleimageproxy') or contains(watched.agent, 'ggpht')),
                'image_proxy', null
            )
        ], lambda signal: signal is not null) as signals
    from watched
    left join clicks using (event_key)
    where watched.event <> 'delivered'
) as judged
where
    events.event_key = judged.event_key
    and (events.rule_version is distinct from $rule_version or events.signals is distinct from judged.signals);
