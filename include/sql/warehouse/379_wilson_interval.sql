-- name: 379_wilson_interval
-- owner: analytics
-- grain: a value
-- params: none
-- purpose: The 95 % interval of a share that was observed in n independent draws, as {low, high} between 0 and 1 (Wilson, 1927:
--          unlike the normal approximation, it does not end at the share itself when all or none were found). Null without
--          draws. Rounded, so that it ends at 0 and 1.
create or replace macro wilson_interval(share, n) as {
    'low': abs(round(
        (share + 1.92072941 / n - 1.95996398 * sqrt((share * (1 - share) + 0.96036471 / n) / n)) / (1 + 3.84145882 / n), 9
    )),
    'high': round(
        (share + 1.92072941 / n + 1.95996398 * sqrt((share * (1 - share) + 0.96036471 / n) / n)) / (1 + 3.84145882 / n), 9
    )
};
