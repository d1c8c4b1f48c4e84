"""What the values of a mail must be (sendgrid.md, section 1), in SendGrid's words. As many problems as there are."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from simulator.answers import Problem
from simulator.payload import HELP, Address, Addresses, Mail, Personalization

MOST_RECIPIENTS = 1_000
MOST_BYTES = 30 * 1024 * 1024
SUBSTITUTION_BYTES = 10_000
"""A personalization: keys and values together. The other source (50,000 bytes a request) would allow 50 bytes a person in a
full request, which SendGrid's own examples break, so the strict reading that is workable is this one."""
SUBSTITUTION_ITEMS = 150
CUSTOM_ARGS_BYTES = 10_000
SAFE_CHARACTERS = SUBSTITUTION_BYTES // 4
"""No text of so few characters has more than the bytes allowed, whatever they are."""
FURTHEST = 72 * 3600
MOST_CATEGORIES = 10
CATEGORY_CHARACTERS = 255
MOST_GROUPS = 25

RESERVED_HEADERS = frozenset(
    ["x-sg-id", "x-sg-eid", "received", "dkim-signature", "content-type", "content-transfer-encoding", "to", "from", "subject", "reply-to", "cc", "bcc"]
)
ADDRESS = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z][A-Za-z0-9-]{0,61}[A-Za-z0-9]"
)
HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
LINE_BREAK = re.compile(r"[\r\n]")

NO_FROM = (
    "The from object must be provided for every email send. It is an object that requires the email parameter, but may also "
    'contain a name parameter.  e.g. {"email" : "example@example.com"}  or {"email" : "example@example.com", "name" : '
    '"Example Recipient"}.'
)
NO_SUBJECT = (
    "The subject is required. You can get around this requirement if you use a template with a subject defined or if every "
    "personalization has a subject defined."
)
NO_CONTENT = (
    "Unless a valid template_id is provided, the content parameter is required. There must be at least one defined content "
    "block. We typically suggest both text/plain and text/html blocks are included, but only one block is required."
)
NO_TO = "The to array is required for all personalization objects, and must have at least one email object with a valid email address."
NOT_VERIFIED = (
    "The from address does not match a verified Sender Identity. Mail cannot be sent until this error is resolved. Visit "
    "https://sendgrid.com/docs/for-developers/sending-email/sender-identity/ to see the Sender Identity requirements"
)


@dataclass
class Account:
    """What the rules ask of the account."""

    verified_senders: tuple[str, ...]
    ip_pools: tuple[str, ...] = ()
    batches: Callable[[str], bool] = lambda batch_id: False
    groups: Callable[[int], bool] = lambda group_id: False
    checked: dict[str, bool] = field(default_factory=dict)

    def verified(self, email: str) -> bool:
        """Whether an address, its domain or a parent of its domain may send."""
        domain = email.lower().rpartition("@")[2]
        return any(sender in (email.lower(), domain) or domain.endswith(f".{sender}") for sender in self.verified_senders)


def problem(message: str, where: str, anchor: str) -> Problem:
    """With the page of SendGrid's documentation that its errors point at."""
    return Problem(message, where, f"{HELP}#message.{anchor}")


def problems(mail: Mail, account: Account, now: float) -> list[Problem]:
    """Everything that makes this a 400; empty for a good mail."""
    found = [*request_problems(mail, account, now)]
    quick = not mail.custom_args and not mail.template_id
    total = 0
    for at, person in enumerate(mail.personalizations):
        total += len(person.to or ()) + len(person.cc or ()) + len(person.bcc or ())
        if not (quick and plain(person)):
            found += person_problems(at, person, mail, now)
    if total > MOST_RECIPIENTS:
        found.append(
            problem(
                f"The total number of recipients must be less than or equal to {MOST_RECIPIENTS}.",
                "personalizations",
                "recipients",
            )
        )
    return found


def plain(person: Personalization) -> bool:
    """Whether a personalization is the usual good one, seen at one glance: what is not is looked at in full.

    It may only say yes where `person_problems` finds nothing in a mail without template and shared custom_args; a property
    test holds it to that.
    """
    to = person.to
    if (
        not to
        or len(to) != 1
        or person.cc
        or person.bcc
        or person.from_
        or person.dynamic_template_data
        or person.custom_args == {}
    ):
        return False
    one = to[0]
    if one.name or person.subject == "" or person.send_at or not ADDRESS.fullmatch(one.email) or len(one.email) > 254:
        return False
    if person.headers and not plain_headers(person.headers):
        return False
    values, args = person.substitutions, person.custom_args
    if values and (
        len(values) > SUBSTITUTION_ITEMS or len("".join(values)) + len("".join(values.values())) > SAFE_CHARACTERS
    ):
        return False
    return not (args and len("".join(args)) + len("".join(args.values())) > SAFE_CHARACTERS) and not _broken(
        person.subject or ""
    )


def plain_headers(headers: dict[str, str]) -> bool:
    """The two of one-click unsubscribing and nothing else, without a line break."""
    return headers.keys() == ONE_CLICK and not any("\n" in value or "\r" in value for value in headers.values())


ONE_CLICK = {"List-Unsubscribe", "List-Unsubscribe-Post"}


def person_problems(at: int, person: Personalization, mail: Mail, now: float) -> Iterator[Problem]:
    """All that is wrong with one personalization."""
    here = f"personalizations.{at}"
    yield from recipients_problems(here, person)
    if person.from_:
        yield from address_problems(f"{here}.from", person.from_, "from")
    if person.subject == "":
        yield problem("The subject must be at least one character in length.", f"{here}.subject", "personalizations.subject")
    if _broken(person.subject or ""):
        yield problem("The subject cannot contain CR or LF characters.", f"{here}.subject", "personalizations.subject")
    yield from header_problems(f"{here}.headers", person.headers or {})
    yield from substitution_problems(here, person, mail)
    yield from custom_args_problems(here, person.custom_args, mail.custom_args)
    yield from send_at_problems(f"{here}.send_at", person.send_at, now)


def recipients_problems(here: str, person: Personalization) -> Iterator[Problem]:
    """to is there, each address is one, and none comes twice."""
    if not person.to:
        yield problem(NO_TO, f"{here}.to", "personalizations.to")
    seen: set[str] = set()
    for name, addresses in (("to", person.to), ("cc", person.cc), ("bcc", person.bcc)):
        for at, address in enumerate(addresses or ()):
            yield from address_problems(f"{here}.{name}.{at}", address, f"personalizations.{name}")
            if address.email.lower() in seen:
                yield problem(
                    "Each email address in the personalization block should be unique between to, cc, and bcc. We found the "
                    f"first duplicate instance of [{address.email}] in the {here}.{name} field.",
                    here,
                    "recipient-errors",
                )
            seen.add(address.email.lower())


def address_problems(where: str, address: Address, anchor: str) -> Iterator[Problem]:
    """An ASCII address, and a name without a line break."""
    if not ADDRESS.fullmatch(address.email) or len(address.email) > 254:
        yield problem("Does not contain a valid address.", f"{where}.email", anchor)
    if address.name and _broken(address.name):
        yield problem("The name cannot contain CR or LF characters.", f"{where}.name", anchor)


def header_problems(where: str, headers: dict[str, str]) -> Iterator[Problem]:
    """ASCII names, none reserved, and no line break, by which a header could be smuggled in."""
    for name, value in headers.items():
        if name.lower() in RESERVED_HEADERS:
            yield problem(
                f"The header {name} is reserved and cannot be used in the headers object.", f"{where}.{name}", "headers"
            )
        elif not HEADER_NAME.fullmatch(name):
            yield problem(
                "Header names must be ASCII and must not contain spaces, colons, CR or LF.", f"{where}.{name}", "headers"
            )
        if _broken(value):
            yield problem("Header values must not contain CR or LF characters.", f"{where}.{name}", "headers")


def substitution_problems(here: str, person: Personalization, mail: Mail) -> Iterator[Problem]:
    """Legacy content only, within its limits; dynamic data only with a dynamic template."""
    dynamic = bool(mail.template_id and mail.template_id.startswith("d-"))
    where = f"{here}.substitutions"
    values = person.substitutions or {}
    if values and dynamic:
        yield problem("Substitutions may not be used with dynamic templating", where, "personalizations.substitutions")
    if len(values) > SUBSTITUTION_ITEMS:
        yield problem(f"There may be at most {SUBSTITUTION_ITEMS} substitutions.", where, "personalizations.substitutions")
    if _bytes(values) > SUBSTITUTION_BYTES:
        yield problem(
            f"The substitutions may not exceed {SUBSTITUTION_BYTES} bytes.", where, "personalizations.substitutions"
        )
    if person.dynamic_template_data and not dynamic:
        yield problem(
            "dynamic_template_data may only be used with a dynamic template (d-).",
            f"{here}.dynamic_template_data",
            "personalizations.dynamic_template_data",
        )


def custom_args_problems(here: str, own: object, shared: object) -> Iterator[Problem]:
    """Not an empty object, and both levels merged within the limit."""
    where = f"{here}.custom_args"
    if own == {}:
        yield problem("The custom_args object must not be empty.", where, "custom_args")
    merged = {**(shared or {}), **(own or {})}  # type: ignore[dict-item]
    if _bytes(merged) > CUSTOM_ARGS_BYTES:
        yield problem(f"The custom_args may not exceed {CUSTOM_ARGS_BYTES} bytes.", where, "custom_args")


def send_at_problems(where: str, send_at: object, now: float) -> Iterator[Problem]:
    """At most 72 hours ahead; the past means at once; a negative or enormous number is no time."""
    if isinstance(send_at, int) and send_at - now > FURTHEST:
        yield problem(
            "Scheduling more than 72 hours in advance is forbidden. The send_at time is too far in the future.",
            where,
            "send_at",
        )
    if isinstance(send_at, int) and send_at < 0:
        yield problem("The send_at must be a Unix timestamp.", where, "send_at")


def request_problems(mail: Mail, account: Account, now: float) -> Iterator[Problem]:
    """All that is wrong outside the personalizations."""
    people = mail.personalizations
    if not people:
        yield problem(
            "The personalizations field is required and must have at least one personalization.",
            "personalizations",
            "personalizations",
        )
    if len(people) > MOST_RECIPIENTS:
        yield problem(
            f"The personalizations array must have at most {MOST_RECIPIENTS} items.", "personalizations", "personalizations"
        )
    yield from sender_problems(mail)
    yield from subject_problems(mail)
    yield from content_problems(mail)
    yield from category_problems(mail)
    yield from header_problems("headers", mail.headers or {})
    if mail.custom_args is not None and mail.custom_args == {}:
        yield problem("The custom_args object must not be empty.", "custom_args", "custom_args")
    yield from send_at_problems("send_at", mail.send_at, now)
    yield from account_problems(mail, account)
    yield from attachment_problems(mail)


def sender_problems(mail: Mail) -> Iterator[Problem]:
    """from is there; addresses to answer to are addresses, in one of the two ways."""
    if not mail.from_ or not mail.from_.email:
        yield problem(NO_FROM, "from.email", "from")
    else:
        yield from address_problems("from", mail.from_, "from")
    if mail.reply_to:
        yield from address_problems("reply_to", mail.reply_to, "reply_to")
    if mail.reply_to and mail.reply_to_list:
        yield problem("You may use either reply_to or reply_to_list, not both.", "reply_to_list", "reply_to_list")
    if len(mail.reply_to_list or ()) > MOST_RECIPIENTS:
        yield problem(f"The reply_to_list must have at most {MOST_RECIPIENTS} items.", "reply_to_list", "reply_to_list")
    yield from _listed("reply_to_list", mail.reply_to_list)


def _listed(name: str, addresses: Addresses) -> Iterator[Problem]:
    for at, address in enumerate(addresses or ()):
        yield from address_problems(f"{name}.{at}", address, name)


def subject_problems(mail: Mail) -> Iterator[Problem]:
    """One for all, or one for each, or a template's; never empty."""
    if mail.subject == "" or (not mail.subject and not mail.template_id and not all(person.subject for person in mail.personalizations)):
        yield problem(NO_SUBJECT, "subject", "subject")
    if _broken(mail.subject or ""):
        yield problem("The subject cannot contain CR or LF characters.", "subject", "subject")


def content_problems(mail: Mail) -> Iterator[Problem]:
    """At least one part unless a template brings it; text before HTML; none empty, none twice."""
    parts = mail.content or []
    if not parts and not mail.template_id:
        yield problem(NO_CONTENT, "content", "content")
    for at, part in enumerate(parts):
        if not part.value:
            yield problem(
                "The content value must be a string at least one character in length.",
                f"content.{at}.value",
                "content.value",
            )
        if not part.type or ";" in part.type or _broken(part.type):
            yield problem(
                "The content type must be a mime type without ';', CR or LF.", f"content.{at}.type", "content.type"
            )
    types = [part.type.lower() for part in parts]
    if types != sorted(types, key=_content_order):
        yield problem(
            "If present, text/plain must be first, followed by text/html, followed by any other content.",
            "content",
            "content",
        )
    if len(set(types)) != len(types):
        yield problem("Each content type may be provided only once.", "content", "content")


def _content_order(kind: str) -> int:
    return {"text/plain": 0, "text/x-amp-html": 1, "text/html": 2}.get(kind, 3)


def category_problems(mail: Mail) -> Iterator[Problem]:
    """Few, unique, short, ASCII."""
    names = mail.categories or []
    if len(names) > MOST_CATEGORIES:
        yield problem(f"There may be at most {MOST_CATEGORIES} categories.", "categories", "categories")
    if len(set(names)) != len(names):
        yield problem("The categories must be unique.", "categories", "categories")
    for at, name in enumerate(names):
        if not 0 < len(name) <= CATEGORY_CHARACTERS:
            yield problem(f"A category must have 1 to {CATEGORY_CHARACTERS} characters.", f"categories.{at}", "categories")
        if not name.isascii():
            yield problem("A category may only contain ASCII characters.", f"categories.{at}", "categories")


def account_problems(mail: Mail, account: Account) -> Iterator[Problem]:
    """What must exist in the account: batch, unsubscribe group, IP pool."""
    if mail.batch_id is not None and isinstance(mail.batch_id, str) and not account.batches(mail.batch_id):
        yield problem("The batch_id is not valid, or older than 10 days.", "batch_id", "batch_id")
    if mail.asm:
        yield from asm_problems(mail, account)
    if isinstance(mail.ip_pool_name, str):
        if not 2 <= len(mail.ip_pool_name) <= 64:
            yield problem("The ip_pool_name must have 2 to 64 characters.", "ip_pool_name", "ip_pool_name")
        elif mail.ip_pool_name not in account.ip_pools:
            yield problem("The ip_pool_name does not exist.", "ip_pool_name", "ip_pool_name")


def asm_problems(mail: Mail, account: Account) -> Iterator[Problem]:
    """A group that exists, and few enough to show."""
    assert mail.asm
    if not isinstance(mail.asm.group_id, int):
        yield problem("The asm.group_id is required.", "asm.group_id", "asm.group_id")
    elif not account.groups(mail.asm.group_id):
        yield problem("The asm.group_id does not exist.", "asm.group_id", "asm.group_id")
    if len(mail.asm.groups_to_display or ()) > MOST_GROUPS:
        yield problem(
            f"There may be at most {MOST_GROUPS} groups_to_display.", "asm.groups_to_display", "asm.groups_to_display"
        )


def attachment_problems(mail: Mail) -> Iterator[Problem]:
    """Base64 content and a file name."""
    for at, attachment in enumerate(mail.attachments or ()):
        if not attachment.content or not re.fullmatch(r"[A-Za-z0-9+/]+={0,2}", attachment.content):
            yield problem(
                "The attachment content must be base64 encoded.", f"attachments.{at}.content", "attachments.content"
            )
        if not attachment.filename:
            yield problem("The attachment filename is required.", f"attachments.{at}.filename", "attachments.filename")


def sender_refused(mail: Mail, account: Account) -> Problem | None:
    """The 403 of a from, of the request or of a person, that is not verified."""
    if mail.from_ and not account.verified(mail.from_.email):
        return Problem(NOT_VERIFIED, "from", None)
    for at, person in enumerate(mail.personalizations):
        if person.from_ and not account.verified(person.from_.email):
            return Problem(NOT_VERIFIED, f"personalizations.{at}.from", None)
    return None


def _broken(text: str) -> bool:
    return bool(LINE_BREAK.search(text))


def _bytes(values: dict[str, str]) -> int:
    return sum(len(key.encode()) + len(value.encode()) for key, value in values.items())
