-- name: subscribers_update_untracked
-- owner: data
-- grain: one row a subscriber who may no longer be tracked
-- params: files, is_accepted
-- purpose: What cannot be read as a yes to tracking is a no, at once and whatever the clock says, also in a row that is refused,
--          unless the batch holds a newer good row of the same subscriber with a yes. A batch that was stopped (not is_accepted)
--          takes it from those alone who say no in a word of the contract: a column that is missing there is not an answer.
--          Reads the temporary table faults.
update core.subscribers
set tracking_consent = false
from (
    with said as (
        select
            subscriber_id,
            row_number,
            says_yes(tracking_consent) as is_yes,
            coalesce(says_no(tracking_consent), false) as is_no,
            source_time(updated_at) as said_at
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

    yes as (
        select
            subscriber_id,
            max(said_at) as newest_yes_at
        from said
        anti join (
            select row_number
            from faults
            where reason not in ('duplicate_id', 'duplicate_address')
        ) as bad using (row_number)
        where is_yes
        group by subscriber_id
    )

    select distinct said.subscriber_id
    from said
    left join yes on said.subscriber_id = yes.subscriber_id
    where
        if($is_accepted, not said.is_yes, said.is_no)
        and not coalesce(yes.newest_yes_at > said.said_at, false)
) as withdrawn
where core.subscribers.subscriber_id = withdrawn.subscriber_id and core.subscribers.tracking_consent;
