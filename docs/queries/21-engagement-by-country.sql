-- question: How do people in each country engage?
-- reading:  Names of countries come from the dimension.
select countries.country_name, count(*) as messages, count(first_human_open_at) / nullif(count(*) filter (where sends.tracked), 0) as open_rate
from marts.sends
join marts.subscribers using (subscriber_id)
left join marts.countries using (country)
where sends.delivered_at is not null
group by countries.country_name
order by messages desc;
