"""The API as SendGrid documents it: requests, validation rules, responses."""
