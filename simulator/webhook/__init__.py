"""The Event Webhook: events, batching, signature, delivery."""
