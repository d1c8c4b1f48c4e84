"""The management calls of the v3 API that a sender needs."""

from simulator.api.management import account, activity, groups, scheduling, statistics, suppressions

ROUTES = [
    *suppressions.ROUTES,
    *groups.ROUTES,
    *scheduling.ROUTES,
    *statistics.ROUTES,
    *activity.ROUTES,
    *account.ROUTES,
]
