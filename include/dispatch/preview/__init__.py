"""How a campaign's mail would look and who would get it, before anything is planned or sent."""
