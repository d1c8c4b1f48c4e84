-- question: Why does mail bounce?
-- reading:  By class, SendGrid's classification and status code.
select bounce_class, bounce_classification, smtp_status, sum(bounces) as bounces, sum(bounces) / sum(sum(bounces)) over () as share
from marts.bounces_daily
group by all
order by bounces desc;
