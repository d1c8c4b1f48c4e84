"""Sending: claim, post, classify and record each chunk (task `dispatch.send_range`)."""
