"""The Event Webhook: events, their batches, their signature, their delivery."""
