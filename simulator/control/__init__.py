"""/control: what a test asks and does, never under /v3, so that no client of SendGrid's mistakes one for the other."""

from simulator.control import faults, message, outgoing, status

ROUTES = [*status.ROUTES, *faults.ROUTES, *message.ROUTES, *outgoing.ROUTES]
