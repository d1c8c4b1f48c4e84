"""### collect_engagement

**Purpose.** Load what the edge received, judge it, and let it act: suppressions, doubt, the fate of each message.

**Inputs.** Webhook batches in `spool/incoming/`; SendGrid's suppression lists; the ledger's chunks in doubt.

**Outputs.** `engagement.events` (deduplicated, classified) and `engagement.quarantined_events`; suppressions in the
ledger; resolved doubt; `dispatch.sends` brought up to date; the asset `engagement` when there was something new.

**Triage.**
- `collect.tell_unsubscribes` fails with *ConfigurationError*: the key may not write suppressions. People who left here
  get no new mail from us; what SendGrid has already scheduled for them still goes. Give the key the scope.
- `collect.load`: a batch that cannot be read goes to `spool/broken/` with its reason; nothing waits for it. See
  docs/edge.md.
- `collect.sync_suppressions` fails with *EspUnavailable*: SendGrid's API did not answer; the next run catches up.
  Webhook events suppress without it. `collect.withhold` waits for it.
- `collect.withhold` fails with *ConfigurationError*: as for `tell_unsubscribes`. Who lost their yes at the source gets no
  new mail; what SendGrid has already scheduled for them still goes.
- Events pile up in `spool/incoming/`: the task waits for the pool `warehouse`; see who holds it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import DAG, task, task_group
from airflow.sdk.exceptions import AirflowSkipException

from include.orchestration import configuration, defaults, notifications, timetables
from include.orchestration.assets import ENGAGEMENT, SENDS
from include.orchestration.tags import Pool, Tag
from include.orchestration.tasks import stores_task

with DAG(
    dag_id="collect_engagement",
    dag_display_name="Collect engagement",
    schedule=timetables.timetable("*/5 * * * *"),
    tags=[Tag.ENGAGEMENT, Tag.WRITES_WAREHOUSE],
    **defaults.dag_defaults("delivery", due=timedelta(minutes=30), timeout=timedelta(hours=1)),
    doc_md=__doc__,
):

    @task_group
    def collect():
        @stores_task(pool=Pool.WAREHOUSE)
        def load(stores):
            """Spool to events, deduplicated by id and by content, classified under a rule version; new plans first."""
            from include.collect.load import load_spool
            from include.dispatch.account.record import record_new

            record_new(stores)
            return load_spool(configuration.paths())

        @stores_task(pool=Pool.WAREHOUSE)
        def suppress(stores):
            """Hard bounces, complaints and unsubscribes become suppressions in the ledger."""
            from include.collect.suppress import suppress_from_events

            return suppress_from_events(stores)

        @stores_task(pool=Pool.WAREHOUSE)
        def resolve_doubt(stores):
            """An event that carries the key and the attempt proves that a message in doubt was sent."""
            from include.collect.doubt import resolve_doubt

            return resolve_doubt(stores)

        @stores_task(pool=Pool.WAREHOUSE)
        def ask_activity(stores):
            """The Email Activity API proves too, where the account pays for it and the variable `email_activity` is 'on'."""
            if not configuration.has_email_activity():
                raise AirflowSkipException("the variable email_activity is not 'on'")
            from include.collect.activity import prove_by_activity

            return prove_by_activity(stores, configuration.account())

        @stores_task(pool=Pool.WAREHOUSE)
        def tell_unsubscribes(stores):
            """Who left or came back at the edge, onto or off SendGrid's lists: what is scheduled there does not go."""
            from include.collect.tell import tell_unsubscribes

            return tell_unsubscribes(stores, configuration.account())

        @stores_task(pool=Pool.WAREHOUSE, trigger_rule="all_done")
        def sync_suppressions(stores):
            """SendGrid's own suppression lists, those of our unsubscribe groups too, into the ledger."""
            from include.collect.sync import sync_suppressions

            return sync_suppressions(stores, configuration.account())

        @stores_task(pool=Pool.WAREHOUSE)
        def withhold(stores):
            """Who lost their yes at the source, onto SendGrid's lists while mail is scheduled for them, and off again.

            After the lists were read: what is on them from before is the person's own.
            """
            from include.collect.withhold import withhold

            return withhold(stores, configuration.account())

        loaded, synced = load(), sync_suppressions()
        done = [suppress(), resolve_doubt()]
        loaded >> done
        done[0] >> tell_unsubscribes() >> synced >> withhold()
        done >> ask_activity()
        return loaded, done

    @stores_task(pool=Pool.WAREHOUSE, outlets=[SENDS], trigger_rule="none_failed")
    def record_sends(stores):
        """The ledger's outcomes into `dispatch.sends`."""
        from include.dispatch.account.record import record_sends

        return record_sends(stores)

    @stores_task(pool=Pool.WAREHOUSE)
    def reopen_doubt(stores):
        """Who is in doubt since 24 healthy hours is pending again, where the campaign says so; returns the runs to start."""
        from include.dispatch.account.in_doubt import reopen_due

        due = reopen_due(stores)
        runs = [(f"send_{plan['campaign']}", {"mode": "live", "occurrence": plan["occurrence"]}) for plan in due]
        return [{"trigger_dag_id": name, "conf": conf} for name, conf in runs]

    @stores_task(pool=Pool.WAREHOUSE, trigger_rule="all_done")
    def watch(stores, dag_run=None):
        """The circuit breaker, doubt and the webhook's silence: holds back what does harm, and tells a person once."""
        from include.collect.monitor import look

        where = {"dag": dag_run.dag_id, "run": dag_run.run_id}
        return look(stores, webhook_url=notifications.webhook_url(), **where)

    @task(outlets=[ENGAGEMENT])
    def announce(loaded):
        """Tells `build_segments` when there were new events, or some left the quarantine; skipped when there were none."""
        if not loaded["new"] + loaded["released"]:
            raise AirflowSkipException("no new event")

    collected: Any = collect()
    loaded, done = collected
    recorded = record_sends()
    due = reopen_doubt()
    TriggerDagRunOperator.partial(task_id="resend", doc_md="Goes on with those plans.").expand_kwargs(due)
    done >> recorded >> [announce(loaded), watch(), due]
