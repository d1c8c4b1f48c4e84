"""One request to mail/send: its recipients and its body."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from include.core.campaign import Campaign
from include.dispatch.plan_files import PlanReader
from include.ledger.chunk import Chunk
from include.ledger.chunks import Claim
from include.sendgrid import payload

TRACKED, UNTRACKED = ".tracked", ".untracked"
"""The suffixes of content ids."""


def variant_of(content: str) -> str:
    """The variant of a content id, `variant.locale.tracked`."""
    return content.partition(".")[0]


@dataclass(frozen=True)
class Request:
    """A request under a claim. `rows` are the rows of its recipients in `people`, the people of the root chunk."""

    claim: Claim
    rows: Sequence[int]
    people: pa.Table

    def key(self, row: int) -> str:
        """The message key of one person."""
        return str(self.people["message_key"][row].as_py())

    @property
    def recipients(self) -> pa.Table:
        """The people who receive the request's messages."""
        if len(self.rows) == self.people.num_rows:
            return self.people
        return self.people.take(pa.array(self.rows, pa.int32()))


class RequestBodies:
    """Builds the bodies of one plan's requests. The part shared by all requests of a content is built once."""

    def __init__(self, campaign: Campaign, reader: PlanReader, batch_id: str | None) -> None:
        self._campaign, self._reader, self._batch_id = campaign, reader, batch_id
        self._envelopes: dict[str, payload.Envelope] = {}

    def body(self, request: Request, chunk: Chunk) -> bytes:
        """The body of a request for people of `chunk`."""
        return payload.body(
            self._envelope(chunk.content),
            request.recipients,
            attempt=request.claim.attempt,
            chunk=chunk.wire_id,
            send_at=request.claim.send_at,
        )

    def _envelope(self, content: str) -> payload.Envelope:
        """The request-level part for a content id `variant.locale.tracked`."""
        if content not in self._envelopes:
            name, _, tracking = content.rpartition(".")
            self._envelopes[content] = payload.envelope(
                self._settings(name).arm(variant_of(content)),
                self._reader.contents[name],
                tracked=tracking == "tracked",
                batch_id=self._batch_id,
            )
        return self._envelopes[content]

    def _settings(self, content: str) -> Campaign:
        """The campaign of a content: a correction brings its own sender and categories."""
        corrected = self._reader.contents[content].get("settings")
        return Campaign.model_validate_json(corrected) if corrected else self._campaign
