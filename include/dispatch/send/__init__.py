"""The send itself: claim, post, classify, record (task `dispatch.send_range`)."""
