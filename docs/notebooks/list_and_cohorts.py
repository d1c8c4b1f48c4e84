"""How the list does: growth, departures, cohorts. Open it: marimo edit docs/notebooks/list_and_cohorts.py."""

import marimo

app = marimo.App(width="medium")


@app.cell
def open_file():
    import os

    import altair as alt
    import duckdb
    import marimo as mo

    file = os.environ.get("TRADEWIND_DATA", "data") + "/published/analytics.duckdb"
    marts = duckdb.connect(file, read_only=True)
    return alt, marts, mo


@app.cell
def growth(alt, marts, mo):
    mo.md("## Growth\n\nEach person joins once and leaves at most once, so joined less left are the members.")
    members = marts.sql("select day, joined, left_list, members from marts.list_growth order by day").df()
    chart = alt.Chart(members).mark_line().encode(x="day:T", y="members:Q")
    chart
    return chart, members


@app.cell
def reasons(marts):
    why_people_leave = marts.sql(
        "select left_reason, count(*) as people from marts.subscribers where left_at is not null "
        "group by all order by people desc"
    ).df()
    why_people_leave
    return (why_people_leave,)


@app.cell
def cohorts(alt, marts, mo):
    mo.md("## Retention\n\nA row per month of joining, a column per month since.")
    retention = marts.sql(
        "select cohort_month::varchar as cohort, tenure_months, retention_rate, people from marts.cohort_retention "
        "where is_complete"
    ).df()
    triangle = (
        alt.Chart(retention)
        .mark_rect()
        .encode(x="tenure_months:O", y="cohort:O", color=alt.Color("retention_rate:Q", scale=alt.Scale(scheme="blues")))
    )
    triangle
    return retention, triangle


@app.cell
def tenure(alt, marts):
    decay = marts.sql(
        "select tenure_months, sum(human_opens) / nullif(sum(delivered_tracked), 0) as open_rate "
        "from marts.engagement_by_tenure where tenure_months is not null group by tenure_months order by tenure_months"
    ).df()
    rate = alt.Y("open_rate:Q", axis=alt.Axis(format="%"))
    curve = alt.Chart(decay).mark_line(point=True).encode(x="tenure_months:Q", y=rate)
    curve
    return curve, decay


if __name__ == "__main__":
    app.run()
