-- question: How does the list grow, and why do people leave?
-- reading:  By month; net is joined less left.
select date_trunc('month', day)::date as month, sum(joined) as joined, sum(left_list) as left_list, sum(net) as net,
    arg_max(members, day) as members_at_end, sum(left_unsubscribed) as unsubscribed, sum(left_complained) as complained,
    sum(left_bounced) as bounced, sum(left_expired) as expired
from marts.list_growth
group by month
order by month;
