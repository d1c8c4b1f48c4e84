"""Everything that speaks SendGrid's language.

The body of a request, the request, what an answer means, management calls, the webhook's signature, body and words. Knows
the core alone; a second provider would be a folder beside this one.
"""
