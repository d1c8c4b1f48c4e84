-- name: campaign_values
-- owner: dispatch
-- grain: one row per campaign that was measured with a hold-out
-- params: none
-- purpose: What a mail of a campaign was worth: the revenue per person of those who were to get it, less that of the hold-out, in
--          all its experiments whose window is over, weighted by their people. In the shop's currency.
select
    treated.campaign,
    sum((treated.revenue_per_person - held_out.revenue_per_person) * treated.people) / sum(treated.people) as value_per_mail
from marts.experiment_results as treated
inner join marts.experiment_results as held_out using (campaign, occurrence, comparison, metric, status)
where
    treated.comparison = 'hold_out'
    and treated.metric = 'revenue_14d'
    and treated.variant = 'treated'
    and held_out.variant = 'held_out'
    and treated.status = 'final'
    and treated.people > 0
group by treated.campaign
order by treated.campaign;
