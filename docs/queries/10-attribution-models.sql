-- question: Which mail do purchases go to, by three models?
-- reading:  window_days = 7; each purchase counts once per model.
pivot (select campaign, occurrence, model, revenue from marts.attribution where window_days = 7)
on model
using sum(revenue)
order by campaign, occurrence;
