"""### collect_engagement

**Purpose.** Load the webhook events that the edge received, classify them, and act on them: suppressions, messages in
doubt, the status of each message.

**Inputs.** Webhook batches in `spool/incoming/`; SendGrid's suppression lists; the ledger's chunks in doubt.

**Outputs.** `engagement.events` (deduplicated, classified) and `engagement.quarantined_events`; suppressions in the
ledger; resolved doubt; an updated `dispatch.sends`; the asset `engagement`, if there were new events.

**Triage.**
- `collect.export_unsubscribes` fails with *ConfigurationError*: the API key may not write suppressions. People who
  unsubscribed here get no new mail, but SendGrid still delivers mail that is already scheduled for them. Give the key
  the scope.
- `collect.load`: a batch that cannot be read is moved to `spool/broken/` with its reason; other batches do not wait.
  See docs/edge.md.
- `collect.sync_suppressions` fails with *EspUnavailable*: SendGrid's API did not answer; the next run catches up.
  Webhook events suppress without it. `collect.withhold` waits for it.
- `collect.withhold` fails with *ConfigurationError*: as for `export_unsubscribes`. People who withdrew consent at the
  source get no new mail, but SendGrid still delivers mail that is already scheduled for them.
- `find_freed` starts campaigns that are being sent once more, for people who lost to mail that was cancelled or withheld
  (docs/frequency.md). Each such run is started once: if it failed, clear it.
- `check_events` fails with *QualityStop*: events are stored twice. The message names the rule.
- Events accumulate in `spool/incoming/`: the task waits for the pool `warehouse`; find the task that occupies it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import DAG, task, task_group

from include.orchestration import alert_route, configuration, defaults, privacy, quality, sends, timetables
from include.orchestration.assets import ENGAGEMENT, SENDS
from include.orchestration.freed import freed
from include.orchestration.tags import Pool, Tag
from include.orchestration.tasks import Stores, skip_unless, stores_task
from include.orchestration.triggers import TriggerRun
from include.orchestration.winners import winners

with DAG(
    dag_id="collect_engagement",
    dag_display_name="Collect engagement",
    schedule=timetables.timetable("*/5 * * * *"),
    tags=[Tag.ENGAGEMENT, Tag.WRITES_WAREHOUSE],
    **defaults.dag_defaults("delivery", due=timedelta(minutes=30), timeout=timedelta(hours=1)),
    doc_md=__doc__,
):

    @task_group
    def collect() -> Any:
        @stores_task(pool=Pool.WAREHOUSE)
        def load(stores: Stores) -> dict[str, int]:
            """Load webhook batches from the spool as deduplicated, classified events; new plans are recorded first."""
            from include.collect.load import load_spool
            from include.dispatch.account.record import record_new

            record_new(stores)
            return load_spool(stores.paths, prepare=privacy.without_erased(stores))

        @stores_task(pool=Pool.WAREHOUSE)
        def suppress(stores: Stores) -> dict[str, int]:
            """Suppress addresses after hard bounces, complaints and unsubscribes."""
            from include.collect.suppress import suppress_from_events

            return suppress_from_events(stores)

        @stores_task(pool=Pool.WAREHOUSE)
        def resolve_doubt(stores: Stores) -> dict[str, int]:
            """Resolve messages in doubt: an event with the message key and the attempt proves that it was sent."""
            from include.collect.doubt import resolve_doubt

            return resolve_doubt(stores)

        @stores_task(pool=Pool.WAREHOUSE)
        def query_activity(stores: Stores) -> Any:
            """Resolve more of them with the Email Activity API, if the variable `email_activity` is 'on'."""
            from include.collect.email_activity import prove_from_activity

            skip_unless(configuration.has_email_activity(), "the variable email_activity is not 'on'")
            return prove_from_activity(stores, configuration.account())

        @stores_task(pool=Pool.WAREHOUSE)
        def export_unsubscribes(stores: Stores) -> Any:
            """Add opt-outs at the edge to SendGrid's lists, which stops scheduled mail; remove people who came back."""
            from include.collect.export_unsubscribes import export_unsubscribes

            return export_unsubscribes(stores, configuration.account())

        @stores_task(pool=Pool.WAREHOUSE, trigger_rule="all_done")
        def sync_suppressions(stores: Stores) -> Any:
            """Copy SendGrid's suppression lists and unsubscribe groups into the ledger."""
            from include.collect.sync_suppressions import sync_suppressions

            return sync_suppressions(stores, configuration.account())

        @stores_task(pool=Pool.WAREHOUSE)
        def withhold(stores: Stores) -> Any:
            """Put people who withdrew consent at the source on SendGrid's lists while mail is scheduled for them.

            Runs after the lists were read, so that entries which people made themselves are known and kept.
            """
            from include.collect.withhold import withhold

            return withhold(stores, configuration.account())

        loaded, synced = load(), sync_suppressions()
        done = [suppress(), resolve_doubt()]
        loaded >> done >> query_activity()
        done[0] >> export_unsubscribes() >> synced >> withhold()
        return loaded, done

    @stores_task(pool=Pool.WAREHOUSE, outlets=[SENDS], trigger_rule="none_failed")
    def record_sends(stores: Stores) -> dict[str, int]:
        """Copy the outcomes from the ledger into `dispatch.sends`."""
        from include.dispatch.account.record import record_sends

        return record_sends(stores)

    @stores_task(pool=Pool.WAREHOUSE)
    def reopen_doubt(stores: Stores) -> Any:
        """Reopen messages in doubt for 24 hours, if their campaign says so; returns the runs that send them again."""
        from include.dispatch.account.in_doubt import reopen_due

        return sends.resume_triggers(reopen_due(stores))

    @stores_task(pool=Pool.WAREHOUSE, trigger_rule="all_done")
    def monitor(stores: Stores, dag_run: Any = None) -> dict[str, int]:
        """Check bounce and complaint rates, doubt and webhook silence; hold harmful campaigns and alert once."""
        from include.collect.monitor import check

        return check(stores, route=alert_route.alert_route(), dag=dag_run.dag_id, run=dag_run.run_id)

    @task(inlets=[SENDS], outlets=[ENGAGEMENT])
    def announce(loaded: Any) -> None:
        """Update the asset `engagement`, which starts `build_segments`; skipped if no event was added."""
        from include.collect.load import has_changes

        skip_unless(has_changes(loaded), "no new event")

    collected: Any = collect()
    loaded, done = collected
    announced, due = announce(loaded), reopen_doubt()
    TriggerRun.partial(task_id="resend", doc_md="Run the campaigns of those plans.").expand_kwargs(due)
    done >> record_sends() >> [announced, monitor(), due, winners(), freed()]
    announced >> quality.check_stage("events", "check_events")
