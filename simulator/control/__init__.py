"""/control: the endpoint for tests. It is not under /v3, so that no SendGrid client can call it by mistake."""

from simulator.control import faults, message, outgoing, status, truth

ROUTES = [*status.ROUTES, *faults.ROUTES, *message.ROUTES, *outgoing.ROUTES, *truth.ROUTES]
