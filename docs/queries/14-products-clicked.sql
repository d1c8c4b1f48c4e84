-- question: Which products do people click?
-- reading:  The query of a link tells products apart; a value that only one person clicked is a hyphen.
select regexp_extract(url, '[?&]id=([^&]*)', 1) as product, sum(human_clicks) as clicks, sum(people) as people, sum(machine_clicks) as machine_clicks
from marts.link_performance
group by product
order by people desc;
