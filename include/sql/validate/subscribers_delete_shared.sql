-- name: subscribers_delete_shared
-- owner: data
-- grain: one row per subscriber whose address another subscriber has
-- params: run, at
-- purpose: Delete (deleted_at) every subscriber but one of each address, so that no address gets a message twice. The
--          duplicate_address results of this run's validation come first; else the order is that of
--          subscribers_duplicates.sql, over the merged rows. Only addresses of rows that this run merged can have become shared.
update core.subscribers
set deleted_at = $at
where
    subscriber_id in (
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
                    count(*) over (partition by subscriber.address_key) as holders,
                    greatest(
                        max(subscriber.updated_at) filter (where subscriber.status = 'unsubscribed')
                            over (partition by subscriber.address_key),
                        refused.refused_at
                    ) as refused_at
                from core.subscribers as subscriber
                left join (
                    select
                        address_key,
                        max(refused_at) as refused_at
                    from core.refusals
                    where address_key is not null
                    group by address_key
                ) as refused on subscriber.address_key = refused.address_key
                where
                    subscriber.deleted_at is null
                    and subscriber.address_key in (
                        select landed.address_key
                        from core.subscribers as landed
                        where landed.landed_run = $run
                    )
            ) as addresses
            where holders > 1
        ) as claims
        where claim > 1
    );
