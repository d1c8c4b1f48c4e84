"""Before the first byte: who gets it, in which chunk, with which content; frozen (task `dispatch.plan`)."""
