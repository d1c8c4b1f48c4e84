-- question: How many people of each month's sign-ups are still members?
-- reading:  A triangle: one row per month of joining, one column per month since.
pivot (select cohort_month, tenure_months, round(retention_rate, 3) as retention from marts.cohort_retention where tenure_months <= 6)
on tenure_months
using first(retention)
order by cohort_month;
