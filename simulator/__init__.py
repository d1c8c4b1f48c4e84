"""A strict SendGrid on loopback: `python -m simulator --data DIR`.

It accepts and rejects requests as SendGrid does, simulates the recipients of each accepted message, posts signed events,
injects faults on request, and records everything that it accepted. `docs/simulator.md` describes the options, the control
endpoint and the faults. It imports nothing of the product that sends to it.
"""
