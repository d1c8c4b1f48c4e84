-- question: Do people who get more mail engage less?
-- reading:  A relation, not a cause: who is mailed more often is chosen.
select mails_before, sum(accepted) as messages, sum(human_opens) / nullif(sum(delivered_tracked), 0) as open_rate,
    sum(unsubscribes) / nullif(sum(delivered), 0) as unsubscribe_rate
from marts.frequency_fatigue
group by mails_before
order by mails_before;
