"""The management calls of the v3 API, as far as a sender needs them."""

from simulator.management.suppressions import ROUTES as SUPPRESSIONS

ROUTES = [*SUPPRESSIONS]
