"""SMTP responses of mail servers and user agents of clients."""

from __future__ import annotations

from typing import NamedTuple


class Refusal(NamedTuple):
    """A mail server's response to a rejected message."""

    reason: str
    status: str
    classification: str


HARD = (
    Refusal("550 5.1.1 The email account that you tried to reach does not exist. gsmtp", "5.1.1", "Invalid Address"),
    Refusal(
        "550 5.1.1 <recipient>: Recipient address rejected: User unknown in virtual mailbox table", "550", "Invalid Address"
    ),
    Refusal(
        "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup", "5.1.10", "Invalid Address"
    ),
    Refusal("554 5.4.4 unable to look up the host of the recipient's domain", "5.4.4", "Technical Failure"),
    Refusal("550 5.2.1 The email account that you tried to reach is disabled", "5.2.1", "Mailbox Unavailable"),
)
BLOCKED = (
    Refusal("552 5.2.2 The email account that you tried to reach is over quota", "5.2.2", "Mailbox Unavailable"),
    Refusal("550 5.7.1 Our system has detected that this message is likely unsolicited mail", "5.7.1", "Content"),
    Refusal("554 5.7.1 Service unavailable; client host blocked using a block list", "554", "Reputation"),
    Refusal("421 4.7.0 [TSS04] Messages temporarily deferred due to unexpected volume", "4.7.0", "Frequency/Volume"),
    Refusal("451 4.7.1 Greylisted for too long, giving up", "451", "Technical"),
    Refusal("550 Denied by policy", "550", "Unclassified"),
)
EXPIRED = Refusal("unable to get mx info: failed to get IPs from PTR record: message expired", "", "Technical Failure")
DEFERRALS = (
    "450 4.2.1 The user you are trying to contact is receiving mail too quickly. Please try again later.",
    "421 4.7.0 [TSS04] Messages temporarily deferred due to user complaints - 4.16.55.1",
    "451 4.3.0 Mail server temporarily rejected message.",
    "452 4.2.2 The email account that you tried to reach is over quota",
)
DELIVERED = {
    "gmail": "250 2.0.0 OK 1700000000 d2e1a72fcca58-gsmtp",
    "yahoo": "250 ok dirdel",
    "outlook": "250 2.6.0 <message> [InternalId=1] Queued mail for delivery",
    "icloud": "250 2.0.0 Ok: queued",
    "other": "250 2.0.0 Ok: queued as 4F1B2C3D",
}
PRIVACY_PROXY = "Mozilla/5.0"
GMAIL_PROXY = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
YAHOO_PROXY = "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html"
BROWSERS = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Edg/141.0.0.0",
    "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Mobile",
    "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0",
)
SCANNERS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/79.0.3945.117 Safari/537.36",
    "Mozilla/5.0 (compatible; BarracudaLinkProtect/1.0)",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; Microsoft SafeLinks) AppleWebKit/537.36 (KHTML, like Gecko)",
    "Mimecast-URL-Protection/2.1",
    "python-requests/2.32.3",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36",
)
"""Some gateways identify themselves, others use the user agent of a browser, old or new."""
