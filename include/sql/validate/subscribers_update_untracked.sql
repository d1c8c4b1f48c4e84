-- name: subscribers_update_untracked
-- owner: data
-- grain: one row per subscriber who may no longer be tracked
-- params: files, is_accepted
-- purpose: End tracking at once for every row whose tracking consent is not a yes, whatever its updated_at, also where the
--          row is quarantined, unless the batch has a newer good row of the same subscriber with a yes. In a stopped batch
--          (not is_accepted) only words of refusal count: a missing column is not an answer. Reads the temporary table
--          faults.
update core.subscribers
set tracking_consent = false
from (
    with answers as (
        select
            subscriber_id,
            row_number,
            says_yes(tracking_consent) as is_yes,
            coalesce(says_no(tracking_consent), false) as is_no,
            source_time(updated_at) as answered_at
        from read_parquet($files)
        where
            subscriber_id in (
                select subscriber_id
                from read_parquet($files)
                where not says_yes(tracking_consent)
            )
            and subscriber_id in (
                select subscriber_id
                from core.subscribers
                where tracking_consent
            )
    ),

    newest_yes as (
        select
            subscriber_id,
            max(answered_at) as newest_yes_at
        from answers
        anti join (
            select row_number
            from faults
            where reason not in ('duplicate_id', 'duplicate_address')
        ) as faulty using (row_number)
        where is_yes
        group by subscriber_id
    )

    select distinct answers.subscriber_id
    from answers
    left join newest_yes on answers.subscriber_id = newest_yes.subscriber_id
    where
        if($is_accepted, not answers.is_yes, answers.is_no)
        and not coalesce(newest_yes.newest_yes_at > answers.answered_at, false)
) as withdrawn
where core.subscribers.subscriber_id = withdrawn.subscriber_id and core.subscribers.tracking_consent;
