"""The secret keys of address hashes and of links, and the token of the activities port.

The *address key* makes the keyed hash of an address (with it, suppressions survive erasure); after a rotation there are
several, `hex,hex`, oldest first, and all are needed (include/privacy/rotation.py). The *token keys* sign
unsubscribe links; several can be valid, and the highest id signs. Both come from the environment (`TRADEWIND_ADDRESS_KEY`,
hex; `TRADEWIND_TOKEN_KEYS`, `id:hex,id:hex`) or from `secrets.json` in the data folder, which is generated on first use.
So does the *activities token* (`TRADEWIND_ACTIVITIES_TOKEN`), which authenticates the clients of `POST /activities`.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import secrets as random_source
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from include.core import clock
from include.core.durable import sync_folder, write_durably
from include.core.errors import ConfigurationError
from include.core.keys import AddressSecret, keys_of
from include.core.paths import DataPaths
from include.core.settings import settings, variable

MIN_TOKEN_LENGTH = 32
_ACTIVITIES_TOKEN = "activities_token"  # noqa: S105  (the name of the entry, not the token)
_CREATED_AT = "created_at"
MAX_GENERATIONS = 16
"""A token has four bits for the generation of its address key (token.py)."""


@dataclass(frozen=True)
class Secrets:
    """Key material. Its repr shows none of it."""

    address_key: AddressSecret = field(repr=False)
    token_keys: dict[int, bytes] = field(repr=False)

    @property
    def signing_key_id(self) -> int:
        """The token key that signs new links."""
        return max(self.token_keys)

    @property
    def generation(self) -> int:
        """How many address keys there are: 1 before the first rotation."""
        return len(keys_of(self.address_key))

    def of_generation(self, generation: int) -> Secrets:
        """The secrets as they were before the later rotations."""
        return Secrets(keys_of(self.address_key)[:generation], self.token_keys)

    @property
    def fingerprint(self) -> str:
        """Identifies the address key without revealing it; the ledger does not open with another key."""
        keys = b"\0".join(keys_of(self.address_key))
        return hashlib.sha256(b"tradewind address key\0" + keys).hexdigest()[:16]


def load_secrets(paths: DataPaths) -> Secrets:
    """The keys in use. Raises `ConfigurationError` if they are not valid keys."""
    stored = _stored(paths.secrets)
    named = settings()
    address = named.address_key.get_secret_value() if named.address_key else stored["address_key"]
    tokens = named.token_keys.get_secret_value() if named.token_keys else stored["token_keys"]
    try:
        token_keys = {int(name): bytes.fromhex(key) for name, key in (pair.split(":") for pair in tokens.split(","))}
        address_keys = tuple(bytes.fromhex(key) for key in address.split(","))
        keys = Secrets(address_keys if len(address_keys) > 1 else address_keys[0], token_keys)
    except ValueError:
        raise ConfigurationError(
            "the address key or a token key is not hex of the form 'hex' and 'id:hex,id:hex'.",
            where="TRADEWIND_ADDRESS_KEY, TRADEWIND_TOKEN_KEYS or secrets.json",
            remedy="Restore the keys from your backup; with new keys, existing suppressions and sent links no longer match.",
        ) from None
    too_short = min(map(len, (*address_keys, *token_keys.values()))) < 16
    if too_short or len(address_keys) > MAX_GENERATIONS or not all(0 <= name < 256 for name in token_keys):
        raise ConfigurationError(
            f"a key is shorter than 16 bytes, a token key id is outside 0 to 255, or there are over {MAX_GENERATIONS} keys.",
            where="TRADEWIND_ADDRESS_KEY, TRADEWIND_TOKEN_KEYS or secrets.json",
            remedy="Use `openssl rand -hex 32`.",
        )
    return keys


def load_activity_tokens(paths: DataPaths) -> tuple[bytes, ...]:
    """The bearer tokens that `POST /activities` accepts. Raises `ConfigurationError` if one is too short or not ASCII."""
    named = settings().activities_token
    text = named.get_secret_value() if named else _stored_token(paths.secrets)
    tokens = tuple(part.strip() for part in text.split(",") if part.strip())
    if not tokens or any(len(token) < MIN_TOKEN_LENGTH or not token.isascii() or " " in token for token in tokens):
        raise ConfigurationError(
            f"a token is shorter than {MIN_TOKEN_LENGTH} characters, or has a space or another character than ASCII's.",
            where=f"{variable(_ACTIVITIES_TOKEN)} or secrets.json",
            remedy="Use `openssl rand -hex 32`.",
        )
    return tuple(token.encode() for token in tokens)


def _stored_token(path: Path) -> str:
    """The token on disk. A file of an older version, without one, gets it."""
    stored = _stored(path)
    return stored[_ACTIVITIES_TOKEN] if _ACTIVITIES_TOKEN in stored else _add_token(path)


def _add_token(path: Path) -> str:
    """Add a token to an existing file; the other keys stay. A lock, so that two processes add the same one."""
    try:
        with path.open("rb") as current:
            fcntl.flock(current, fcntl.LOCK_EX)
            stored: dict[str, str] = json.loads(path.read_text())
            if _ACTIVITIES_TOKEN not in stored:
                stored[_ACTIVITIES_TOKEN] = random_source.token_hex(32)
                write_durably(path, json.dumps(stored).encode(), mode=0o600)
            return stored[_ACTIVITIES_TOKEN]
    except OSError as error:
        raise ConfigurationError(
            f"has no {_ACTIVITIES_TOKEN}, and none can be added ({error.strerror}).",
            where=str(path),
            remedy=f"Set {variable(_ACTIVITIES_TOKEN)}.",
        ) from None


def created_at(paths: DataPaths) -> datetime | None:
    """When `secrets.json` was created: none of its keys is older. None if no time is in it."""
    text = _stored(paths.secrets).get(_CREATED_AT)
    return datetime.fromisoformat(text) if text else None


def append_address_key(paths: DataPaths) -> None:
    """Append a new random address key to `secrets.json`. Every process must be stopped; then the stores are rekeyed."""
    stored = _stored(paths.secrets)
    stored["address_key"] += f",{random_source.token_hex(32)}"
    write_durably(paths.secrets, json.dumps(stored).encode(), mode=0o600)


def _stored(path: Path) -> dict[str, str]:
    """The keys on disk, generated by the first process that needs them."""
    try:
        if not path.exists():
            _create(path)
        stored: dict[str, str] = json.loads(path.read_text())
    except ValueError:
        raise ConfigurationError("is not JSON.", where=str(path), remedy="Restore it from your backup.") from None
    return stored


def _create(path: Path) -> None:
    """Write new keys to a temporary file and link it into place: the first process wins, and no reader sees half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = {
        "address_key": random_source.token_hex(32),
        "token_keys": f"1:{random_source.token_hex(32)}",
        _ACTIVITIES_TOKEN: random_source.token_hex(32),
        _CREATED_AT: clock.now().isoformat(timespec="seconds"),
    }
    beside = path.with_name(f".{path.name}.{random_source.token_hex(8)}")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        json.dump(fresh, file)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(beside, path)
    except FileExistsError:
        return
    finally:
        beside.unlink()
    sync_folder(path.parent)
