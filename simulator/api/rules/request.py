"""Rules for the request level of a mail."""

from __future__ import annotations

import re
from collections.abc import Iterator

from simulator.api.payload import Addresses, Mail
from simulator.api.responses import Problem
from simulator.api.rules.account import Account
from simulator.api.rules.values import address_problems, has_line_break, header_problems, problem, send_at_problems

MAX_RECIPIENTS = 1_000
MAX_CATEGORIES = 10
CATEGORY_CHARACTERS = 255
MAX_GROUPS = 25
TEMPLATE_ID = re.compile(r"d-[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
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


def request_problems(mail: Mail, account: Account, now: float) -> Iterator[Problem]:
    """All problems outside the personalizations."""
    people = mail.personalizations
    if not people:
        yield problem(
            "The personalizations field is required and must have at least one personalization.",
            "personalizations",
            "personalizations",
        )
    if len(people) > MAX_RECIPIENTS:
        yield problem(
            f"The personalizations array must have at most {MAX_RECIPIENTS} items.", "personalizations", "personalizations"
        )
    yield from sender_problems(mail)
    yield from subject_problems(mail)
    yield from template_problems(mail)
    yield from content_problems(mail)
    yield from category_problems(mail)
    yield from header_problems("headers", mail.headers or {})
    if mail.custom_args is not None and mail.custom_args == {}:
        yield problem("The custom_args object must not be empty.", "custom_args", "custom_args")
    yield from send_at_problems("send_at", mail.send_at, now)
    yield from account_problems(mail, account)
    yield from attachment_problems(mail)


def sender_problems(mail: Mail) -> Iterator[Problem]:
    """`from` is present; `reply_to` or `reply_to_list` has valid addresses, not both."""
    if not mail.from_ or not mail.from_.email:
        yield problem(NO_FROM, "from.email", "from")
    else:
        yield from address_problems("from", mail.from_, "from")
    if mail.reply_to:
        yield from address_problems("reply_to", mail.reply_to, "reply_to")
    if mail.reply_to and mail.reply_to_list:
        yield problem("You may use either reply_to or reply_to_list, not both.", "reply_to_list", "reply_to_list")
    if len(mail.reply_to_list or ()) > MAX_RECIPIENTS:
        yield problem(f"The reply_to_list must have at most {MAX_RECIPIENTS} items.", "reply_to_list", "reply_to_list")
    yield from _listed("reply_to_list", mail.reply_to_list)


def _listed(name: str, addresses: Addresses) -> Iterator[Problem]:
    for at, address in enumerate(addresses or ()):
        yield from address_problems(f"{name}.{at}", address, name)


def subject_problems(mail: Mail) -> Iterator[Problem]:
    """A subject for the request, for each personalization, or from a template; never empty."""
    elsewhere = mail.template_id or all(person.subject for person in mail.personalizations)
    if mail.subject == "" or not (mail.subject or elsewhere):
        yield problem(NO_SUBJECT, "subject", "subject")
    if has_line_break(mail.subject or ""):
        yield problem("The subject cannot contain CR or LF characters.", "subject", "subject")


def template_problems(mail: Mail) -> Iterator[Problem]:
    """A dynamic template's id, or a legacy one's, which is a GUID; a dynamic one brings subject and content itself."""
    if mail.template_id and not TEMPLATE_ID.fullmatch(mail.template_id):
        yield problem(
            f"The template_id must be a valid GUID, you provided '{mail.template_id[:60]}'.", "template_id", "template_id"
        )
    if mail.template_id and mail.template_id.startswith("d-") and mail.content:
        yield problem("The content is that of the dynamic template; leave it out.", "content", "content")


def content_problems(mail: Mail) -> Iterator[Problem]:
    """At least one part, unless a template provides it; text before HTML; no part empty or repeated."""
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
        if not part.type or ";" in part.type or has_line_break(part.type):
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
    """At most 10, unique, at most 255 characters, ASCII."""
    names = mail.categories or []
    if len(names) > MAX_CATEGORIES:
        yield problem(f"There may be at most {MAX_CATEGORIES} categories.", "categories", "categories")
    if len(set(names)) != len(names):
        yield problem("The categories must be unique.", "categories", "categories")
    for at, name in enumerate(names):
        if not 0 < len(name) <= CATEGORY_CHARACTERS:
            yield problem(f"A category must have 1 to {CATEGORY_CHARACTERS} characters.", f"categories.{at}", "categories")
        if not name.isascii():
            yield problem("A category may only contain ASCII characters.", f"categories.{at}", "categories")


def account_problems(mail: Mail, account: Account) -> Iterator[Problem]:
    """Batch, unsubscribe group and IP pool exist in the account."""
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
    """The group exists; at most 25 groups to display."""
    assert mail.asm
    if not isinstance(mail.asm.group_id, int):
        yield problem("The asm.group_id is required.", "asm.group_id", "asm.group_id")
    elif not account.groups(mail.asm.group_id):
        yield problem("The asm.group_id does not exist.", "asm.group_id", "asm.group_id")
    if len(mail.asm.groups_to_display or ()) > MAX_GROUPS:
        yield problem(
            f"There may be at most {MAX_GROUPS} groups_to_display.", "asm.groups_to_display", "asm.groups_to_display"
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
