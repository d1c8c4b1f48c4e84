"""The API as SendGrid documents it: requests, their rules, their answers."""
