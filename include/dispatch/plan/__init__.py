"""Planning: audience, chunks and contents are frozen before the first request (task `dispatch.plan`)."""
