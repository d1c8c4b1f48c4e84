"""The management calls of the v3 API, as far as a sender needs them."""

from simulator.api.management import account, activity, groups, scheduling, statistics, suppressions

ROUTES = [
    *suppressions.ROUTES,
    *groups.ROUTES,
    *scheduling.ROUTES,
    *statistics.ROUTES,
    *activity.ROUTES,
    *account.ROUTES,
]
