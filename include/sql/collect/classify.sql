-- name: classify
-- owner: data
-- grain: one row per event
-- params: rule_version
-- purpose: Classifies opens, clicks and unsubscribes of the messages in `messages_to_classify` as human or machine. A verdict
--          of machine needs two signals, or SendGrid's flag for Apple's proxy, which SendGrid sets from more than the webhook
--          shows. Only the message's own events are used, so the order of arrival does not matter. After a change of a rule,
--          increment RULE_VERSION in include/collect/classify.py.
--          Signals: sg_machine_open; too_soon (before delivery or less than 5 s after it); unopened (a click too soon or by a
--          gateway's agent, when nothing but such agents had opened the message in an earlier second); many_links (two links
--          of the mail within 3 s); link_sweep (four within 3 s); gateway_agent (security gateways, link previewers,
--          scripts); stale_browser (a browser that is years old, which gateways pretend to be); image_proxy (an open through
--          Gmail's proxy, which loads images both for people and on its own at delivery); privacy_proxy (an open by an agent
--          without a browser, as Apple's and other proxies send it); scan_agent and scan_time (of an event with fewer than
--          two signals: the agent of the clicks in this message that two signals show to be a scan, unless that agent is a
--          signal already, and at most 10 s from them). An open by Outlook for Windows has no signal by
--          its agent, although it calls itself Office and an old Internet Explorer: people read there.
--          own_link: a click on the person's own unsubscribe, preference or confirmation page (recognised by its token,
--          which is replaced when an event is loaded) that no machine made. It is a person but shows no interest in the
--          mail, so it is neither human nor machine.
--          is_certain: whether the verdict can be relied on, for the bounds of a rate. A person is certain without any signal
--          (image_proxy apart), a machine with three signals or with gateway_agent. An open through a proxy is never
--          certain to be a machine: a person may read behind it.
update engagement.events
set
    verdict = case
        when classified.is_machine then 'machine'
        when classified.is_own_link then 'own_link'
        else 'human'
    end,
    signals = classified.signals,
    is_certain = case
        when not classified.is_machine then len(list_filter(classified.signals, lambda signal: signal <> 'image_proxy')) = 0
        when list_has_any(classified.signals, ['sg_machine_open', 'image_proxy', 'privacy_proxy']) then false
        else 'gateway_agent' in classified.signals or len(classified.signals) >= 3
    end,
    rule_version = $rule_version
from (
    with message_events as (
        select
            events.dedup_key,
            events.message_key,
            events.event,
            events.occurred_at,
            events.event = 'opened' as is_open,
            coalesce(events.sg_machine_open, false) as is_apple,
            lower(coalesce(events.user_agent, '')) as agent,
            events.event = 'opened' and contains(agent, 'microsoft outlook') as is_outlook,
            not is_outlook and regexp_matches(
                agent,
                'barracuda|mimecast|proofpoint|urldefense|symantec|messagelabs|fireeye|trendmicro'
                || '|trend micro|forcepoint|zscaler|check ?point|sophos|ironport|safelinks|ms-office'
                || '|microsoft office|avanan|cloudmark|bitdefender|google-safety|googlebot|bingpreview'
                || '|bingbot|slackbot|facebookexternalhit|twitterbot|linkedinbot|whatsapp|telegrambot'
                || '|discordbot|skypeuripreview|headlesschrome|phantomjs|python-|aiohttp|httpx|curl/'
                || '|wget/|go-http-client|okhttp|apache-httpclient|java/|libwww-perl|node-fetch|axios'
                || '|crawler|spider'
            ) as is_gateway,
            events.event = 'clicked'
            and regexp_matches(events.url, '/(u|preferences|confirm)/(<token>|[a-z0-9_-]{60,})', 'i') as is_own_link,
            case when events.event = 'clicked' then coalesce(events.url, '') || '#' || coalesce(events.url_index, -1) end
                as link
        from engagement.events
        semi join messages_to_classify on events.message_key = messages_to_classify.message_key
        where events.event in ('opened', 'clicked', 'unsubscribed', 'group_unsubscribed', 'delivered')
    ),

    with_delivery as (
        select
            *,
            min(if(event = 'delivered', occurred_at, null)) over (partition by message_key) as delivered_at,
            min(if(is_open and not is_gateway, occurred_at, null)) over (partition by message_key) as opened_at,
            coalesce(occurred_at < delivered_at + interval 5 seconds, false) as is_soon,
            contains(agent, 'googleimageproxy') or contains(agent, 'ggpht') as is_image_proxy
        from message_events
    ),

    clicks as (
        select
            dedup_key,
            greatest(
                count(distinct link) over (
                    partition by message_key order by occurred_at
                    range between interval 3 seconds preceding and current row
                ),
                count(distinct link) over (
                    partition by message_key order by occurred_at
                    range between current row and interval 3 seconds following
                )
            ) as links
        from message_events
        where event = 'clicked'
    ),

    signalled as (
        select
            with_delivery.* exclude (is_own_link),
            coalesce(with_delivery.is_own_link, false) as is_own_link,
            list_filter([
                if(with_delivery.is_apple, 'sg_machine_open', null),
                if(with_delivery.is_soon, 'too_soon', null),
                if(
                    (with_delivery.is_soon or with_delivery.is_gateway) and with_delivery.event = 'clicked'
                    and coalesce(with_delivery.opened_at >= with_delivery.occurred_at, true),
                    'unopened', null
                ),
                if(clicks.links >= 2, 'many_links', null),
                if(clicks.links >= 4, 'link_sweep', null),
                if(with_delivery.is_gateway, 'gateway_agent', null),
                if(
                    not with_delivery.is_image_proxy and not with_delivery.is_outlook
                    and regexp_matches(with_delivery.agent, '(chrome|firefox)/[0-9]{1,2}([^0-9]|$)|msie |trident/'),
                    'stale_browser', null
                ),
                if(with_delivery.is_open and with_delivery.is_image_proxy, 'image_proxy', null),
                if(with_delivery.is_open and with_delivery.agent in ('mozilla/5.0', 'mozilla/4.0'), 'privacy_proxy', null)
            ], lambda signal: signal is not null) as own_signals
        from with_delivery
        left join clicks using (dedup_key)
        where with_delivery.event <> 'delivered'
    ),

    scans as (
        select
            message_key,
            list(distinct agent) as agents,
            min(occurred_at) as first_at,
            max(occurred_at) as last_at
        from signalled
        where event = 'clicked' and len(own_signals) >= 2
        group by message_key
    ),

    complete as (
        select
            signalled.dedup_key,
            signalled.is_own_link,
            list_concat(
                signalled.own_signals,
                list_filter([
                    if(
                        list_contains(scans.agents, signalled.agent)
                        and not list_has_any(signalled.own_signals, ['gateway_agent', 'stale_browser'])
                        and not signalled.is_outlook,
                        'scan_agent', null
                    ),
                    if(
                        signalled.occurred_at between scans.first_at - interval 10 seconds
                        and scans.last_at + interval 10 seconds,
                        'scan_time', null
                    )
                ], lambda signal: signal is not null)
            ) as signals
        from signalled
        left join scans on signalled.message_key = scans.message_key and len(signalled.own_signals) < 2
    )

    select
        *,
        'sg_machine_open' in signals or len(signals) >= 2 as is_machine
    from complete
) as classified
where
    events.dedup_key = classified.dedup_key
    and (events.rule_version is distinct from $rule_version or events.signals is distinct from classified.signals)
returning events.subscriber_id, events.event;
