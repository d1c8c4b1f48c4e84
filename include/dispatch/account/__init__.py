"""After the send: conservation, the copy in the warehouse, messages in doubt (`settle`, `record`, `doubt`), restore."""
