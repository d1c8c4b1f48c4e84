-- question: How do the groups of customers change over time?
-- reading:  One row per day and stage; it begins when the history begins.
select day, lifecycle_stage, sum(people) as people, sum(revenue) as revenue, avg(recency_score) as recency, avg(monetary_score) as monetary
from marts.lifecycle_daily
group by day, lifecycle_stage
order by day, people desc;
