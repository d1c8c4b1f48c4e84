"""The limits of the circuit breaker, as pages show them and rate providers by them (include/collect/breaker.py)."""

from __future__ import annotations

HARD_BOUNCE, COMPLAINT, MIN_DELIVERED = (0.02, 0.05), (0.0008, 0.0010), 200
LIMITS = {
    "hard_warn": HARD_BOUNCE[0],
    "hard_stop": HARD_BOUNCE[1],
    "complaint_warn": COMPLAINT[0],
    "complaint_stop": COMPLAINT[1],
    "min_delivered": MIN_DELIVERED,
}
"""The rates at which the breaker warns and stops, from so many delivered messages."""
RECENT_DAYS = 30
"""Days up to the latest plan that the figures at the top and the providers' health cover: about one month of campaigns."""
