-- name: facts_insert
-- owner: data
-- grain: one row per subscriber who signed up by as_of and is not deleted
-- params: as_of
-- purpose: What segment.features is computed from, by what was known at as_of: of everybody, or of the people with something new
--          (temporary views fact_…, include/segment/features.py). Deleted subscribers are excluded for every as_of.
--          Purchases, activities and events are summed before, a statement each (…_by_person.sql, ADR 301).
--          Engagement: opens only of subscribers who consented to tracking (ePrivacy), clicks of all.
--          Birthday: the attribute `birthday` of the source, a date or month and day (`1985-04-30`, `04-30`); null if it is
--          neither.
--          They are joined by `number`, a hash of the id, since a join of 150 million rows by text took longer than all else;
--          ids that share a hash have numbers of their own (sharers.sql, ADR 293).
insert into segment.facts by name
with people as (
    select
        number,
        subscriber_id,
        signed_up_at,
        tracking_consent,
        month_and_day(attributes ->> 'birthday') as birthday
    from temp.fact_people
    where is_listed(deleted_at, signed_up_at, $as_of)
)

select
    people.subscriber_id,
    people.signed_up_at,
    people.tracking_consent,
    people.birthday,
    bought.first_purchased_at,
    bought.last_purchased_at,
    coalesce(bought.purchases, 0) as purchases,
    coalesce(bought.purchase_days, 0) as purchase_days,
    coalesce(bought.revenue, 0) as revenue,
    coalesce(bought.unconverted, 0) as unconverted,
    greatest(if(people.tracking_consent, engaged.last_opened_at, null), engaged.last_clicked_at) as last_human_engaged_at,
    if(people.tracking_consent, coalesce(engaged.opens_90d, 0), 0) as human_opens_90d,
    coalesce(engaged.clicks_90d, 0) as human_clicks_90d,
    if(people.tracking_consent, coalesce(engaged.opens_30d, 0), 0) as human_opens_30d,
    coalesce(engaged.clicks_30d, 0) as human_clicks_30d,
    acted.last_activity_at,
    coalesce(acted.activities_7d, 0) as activities_7d,
    coalesce(acted.activities_30d, 0) as activities_30d
from people
left join temp.purchases_by_person as bought on people.number = bought.number
left join temp.engagement_by_person as engaged on people.number = engaged.number
left join temp.activities_by_person as acted on people.number = acted.number;
