"""After the send: is everybody accounted for, what is in doubt, what analysts see (tasks `settle`, `record`, `doubt`)."""
