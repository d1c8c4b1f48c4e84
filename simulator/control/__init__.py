"""/control: what a test asks and does, never under /v3, so that no client of SendGrid's mistakes one for the other."""

from simulator.control import account, disturb, message, outgoing

ROUTES = [*account.ROUTES, *disturb.ROUTES, *message.ROUTES, *outgoing.ROUTES]
