"""What came of the campaigns: results, providers, links. Open it: marimo edit docs/notebooks/campaign_results.py."""

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
def results(marts, mo):
    mo.md("## Results\n\nPeople, machines excluded. Rates are over the messages whose opens and clicks can be seen.")
    performance = marts.sql(
        "select campaign, occurrence, planned_at, accepted, delivered, human_open_rate, human_click_rate, unsubscribe_rate "
        "from marts.campaign_performance order by planned_at"
    ).df()
    performance
    return (performance,)


@app.cell
def rates(alt, performance):
    chart = (
        alt.Chart(performance)
        .mark_line(point=True)
        .encode(x="planned_at:T", y=alt.Y("human_open_rate:Q", axis=alt.Axis(format="%")), color="campaign:N")
    )
    chart
    return (chart,)


@app.cell
def links(marts, mo):
    mo.md("## Links\n\nThe query of a link tells products apart.")
    clicked = marts.sql(
        "select campaign, url, sum(people) as people, sum(machine_clicks) as machine_clicks "
        "from marts.link_performance group by all order by people desc limit 20"
    ).df()
    clicked
    return (clicked,)


@app.cell
def providers(marts):
    by_provider = marts.sql(
        "select mailbox_provider, sum(delivered) / nullif(sum(accepted), 0) as delivery_rate, "
        "sum(opened_and_clicked) / nullif(sum(human_opens), 0) as click_to_open_rate "
        "from marts.deliverability_daily group by mailbox_provider order by mailbox_provider"
    ).df()
    by_provider
    return (by_provider,)


if __name__ == "__main__":
    app.run()
