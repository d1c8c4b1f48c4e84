-- name: subscribers_delete_shared
-- owner: data
-- grain: one row per subscriber whose address another subscriber has
-- params: run, at
-- purpose: Delete (deleted_at) every subscriber but one of each address, so that no address gets a message twice. The
--          duplicate_address results of this run's validation come first; else the order is that of
--          subscribers_duplicates.sql, over the merged rows. Only addresses that somebody has since this run (temporary table
--          taken) can have become shared; they are counted before their holders are sorted.
update core.subscribers
set deleted_at = $at
where
    subscriber_id in (
        with shared as (
            select address_key
            from core.subscribers
            where
                deleted_at is null
                and address_key in (select taken.address_key from taken)
            group by address_key
            having count(*) > 1
        )

        select subscriber_id
        from (
            select
                subscriber_id,
                row_number() over (
                    partition by address_key
                    order by
                        subscriber_id in (
                            select source_key
                            from quality.quarantine
                            where
                                landed_run = $run
                                and relation = 'subscribers'
                                and list_contains(reasons, 'duplicate_address')
                        ),
                        status <> 'unsubscribed'
                        and refused_at is not null
                        and not coalesce(consented_at > refused_at, false),
                        status = 'unsubscribed',
                        updated_at desc, subscriber_id asc
                ) as claim
            from (
                select
                    subscriber.*,
                    greatest(
                        max(subscriber.updated_at) filter (where subscriber.status = 'unsubscribed')
                            over (partition by subscriber.address_key),
                        refused.refused_at
                    ) as refused_at
                from core.subscribers as subscriber
                semi join shared on subscriber.address_key = shared.address_key
                left join (
                    select
                        address_key,
                        max(refused_at) as refused_at
                    from core.refusals
                    where address_key is not null
                    group by address_key
                ) as refused on subscriber.address_key = refused.address_key
                where subscriber.deleted_at is null
            ) as addresses
        ) as claims
        where claim > 1
    );
