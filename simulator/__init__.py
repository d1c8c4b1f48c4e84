"""A strict SendGrid on loopback: `python -m simulator --data DIR`; and `python -m demo_shop.source`, the demo shop's source.

It accepts and refuses as SendGrid does, lives a life for each message it took on, posts signed events, goes wrong on
request, and remembers everything it accepted. What it can do, and its control endpoint with the faults, is in
`docs/simulator.md`. It knows nothing of the product that sends to it.
"""
