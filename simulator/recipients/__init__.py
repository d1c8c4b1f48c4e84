"""The simulated recipients: delivery, opens, clicks and unsubscribes of each message, and their side effects."""
