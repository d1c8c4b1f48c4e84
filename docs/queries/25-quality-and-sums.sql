-- question: May I believe the numbers?
-- reading:  Rules that were broken, and sums that did not hold. Sums that must hold stop a publication, so those here need not.
select 'rule' as kind, relation as about, rule as name, count(*) as times, max(checked_at) as last_at
from marts.quality_results
where not holds
group by all
union all
select 'sum' as kind, scope, check_name, 1, null
from marts.reconciliation
where not holds
order by kind, about, name;
