"""The SendGrid integration: everything that is specific to this provider.

Request bodies, transport, response classes, management calls, and the webhook's signature, body and event vocabulary.
Imports only `include.core`; a second provider would be a sibling folder.
"""
