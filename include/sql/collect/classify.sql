-- name: classify
-- owner: data
-- grain: one row per event
-- params: rule_version
-- purpose: Classifies opens, clicks and unsubscribes of the messages in `messages_to_classify` as human or machine. Apple's
--          flag is conclusive; of the other signals, two are needed. Only the message's own events are used, so the order
--          of arrival does not matter. After a change of a rule, increment RULE_VERSION in include/collect/classify.py.
--          Signals: sg_machine_open; too_soon (before delivery or less than 5 s after it); many_links (two links of the
--          mail within 3 s); gateway_agent (security gateways, link previewers, scripts); image_proxy (an open through
--          Gmail's proxy, which loads images both for people and on its own at delivery: together with too_soon it means
--          machine, alone it means human).
--          own_link: a click on the person's own unsubscribe, preference or confirmation page (recognised by its token,
--          which is replaced when an event is loaded) that no machine made. It is a person but shows no interest in the
--          mail, so it is neither human nor machine.
update engagement.events
set
    verdict = case
        when 'sg_machine_open' in classified.signals or len(classified.signals) >= 2 then 'machine'
        when classified.is_own_link then 'own_link'
        else 'human'
    end,
    signals = classified.signals,
    rule_version = $rule_version
from (
    with message_events as (
        select
            events.dedup_key,
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
        semi join messages_to_classify on events.message_key = messages_to_classify.message_key
        where events.event in ('opened', 'clicked', 'unsubscribed', 'group_unsubscribed', 'delivered')
    ),

    with_delivery as (
        select
            *,
            min(if(event = 'delivered', occurred_at, null)) over (partition by message_key) as delivered_at
        from message_events
    ),

    clicks as (
        select
            dedup_key,
            count(distinct link) over (
                partition by message_key order by occurred_at
                range between interval 3 seconds preceding and current row
            ) as links_before,
            count(distinct link) over (
                partition by message_key order by occurred_at
                range between current row and interval 3 seconds following
            ) as links_after
        from message_events
        where event = 'clicked'
    )

    select
        with_delivery.dedup_key,
        coalesce(with_delivery.is_own_link, false) as is_own_link,
        list_filter([
            if(with_delivery.is_apple, 'sg_machine_open', null),
            if(with_delivery.occurred_at < with_delivery.delivered_at + interval 5 seconds, 'too_soon', null),
            if(greatest(clicks.links_before, clicks.links_after) >= 2, 'many_links', null),
            if(
                regexp_matches(
                    with_delivery.agent,
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
                with_delivery.event = 'opened'
                and (contains(with_delivery.agent, 'googleimageproxy') or contains(with_delivery.agent, 'ggpht')),
                'image_proxy', null
            )
        ], lambda signal: signal is not null) as signals
    from with_delivery
    left join clicks using (dedup_key)
    where with_delivery.event <> 'delivered'
) as classified
where
    events.dedup_key = classified.dedup_key
    and (events.rule_version is distinct from $rule_version or events.signals is distinct from classified.signals);
