"""What mail is worth: revenue, attribution, hold-outs. Open it: marimo edit docs/notebooks/what_mail_is_worth.py."""

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
def spent(marts, mo):
    mo.md("## What recipients spend\n\nIn the 14 days after a mail, whatever made them, beside people who were held out.")
    per_recipient = marts.sql(
        "select segment, sum(recipients) as recipients, sum(revenue)::double / nullif(sum(recipients), 0) as per_recipient, "
        "sum(held_out_revenue)::double / nullif(sum(held_out), 0) as per_held_out "
        "from marts.campaign_revenue group by segment order by per_recipient desc nulls last"
    ).df()
    per_recipient
    return (per_recipient,)


@app.cell
def models(alt, marts, mo):
    mo.md("## Attribution\n\nThree models divide the same purchases, so their sums are equal.")
    credit = marts.sql(
        "select model, campaign, sum(revenue)::double as revenue from marts.attribution where window_days = 30 group by all"
    ).df()
    bars = alt.Chart(credit).mark_bar().encode(x="model:N", y="revenue:Q", color="campaign:N")
    totals = credit.groupby("model")["revenue"].sum()
    bars
    return bars, credit, totals


@app.cell
def caused(alt, marts, mo):
    mo.md("## What mail causes\n\nThe lift over the people held out. An interval with zero in it says: not known yet.")
    lift = marts.sql(
        "select campaign || ' ' || occurrence as run, lift, lift_low, lift_high, cost_per_incremental "
        "from marts.incrementality where outcome = 'buyer'"
    ).df()
    interval = alt.Chart(lift).mark_rule().encode(x="lift_low:Q", x2="lift_high:Q", y="run:N")
    interval + alt.Chart(lift).mark_point().encode(x="lift:Q", y="run:N")
    return interval, lift


if __name__ == "__main__":
    app.run()
