"""The two keys that everything opaque hangs on.

The *address key* makes the keyed hash of an address (suppressions survive erasure by it). The *token keys* sign unsubscribe
links; several may be valid, the highest id signs. Both come from the environment (`TRADEWIND_ADDRESS_KEY`, hex;
`TRADEWIND_TOKEN_KEYS`, `id:hex,id:hex`) or from `secrets.json` in the data folder, which is made on first use.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets as random_source
from dataclasses import dataclass, field
from pathlib import Path

from include.core.durable import sync_folder
from include.core.errors import ConfigurationError
from include.core.paths import DataPaths
from include.core.settings import settings


@dataclass(frozen=True)
class Secrets:
    """Key material. Its repr shows none of it."""

    address_key: bytes = field(repr=False)
    token_keys: dict[int, bytes] = field(repr=False)

    @property
    def signing_key_id(self) -> int:
        """The token key that signs new links."""
        return max(self.token_keys)

    @property
    def fingerprint(self) -> str:
        """Names the address key without telling it; the ledger refuses to open under another."""
        return hashlib.sha256(b"tradewind address key\0" + self.address_key).hexdigest()[:16]


def load_secrets(paths: DataPaths) -> Secrets:
    """The keys in force. Raises `ConfigurationError` where they cannot be read as keys."""
    stored = _stored(paths.secrets)
    named = settings()
    address = named.address_key.get_secret_value() if named.address_key else stored["address_key"]
    tokens = named.token_keys.get_secret_value() if named.token_keys else stored["token_keys"]
    try:
        token_keys = {int(name): bytes.fromhex(key) for name, key in (pair.split(":") for pair in tokens.split(","))}
        keys = Secrets(bytes.fromhex(address), token_keys)
    except ValueError:
        raise ConfigurationError(
            "the address key or a token key is not hex of the form 'hex' and 'id:hex,id:hex'.",
            where="TRADEWIND_ADDRESS_KEY, TRADEWIND_TOKEN_KEYS or secrets.json",
            remedy="Restore the keys from your backup; new keys would orphan every suppression and every link sent.",
        ) from None
    if len(keys.address_key) < 16 or any(len(key) < 16 or not 0 <= name < 256 for name, key in token_keys.items()):
        raise ConfigurationError(
            "a key is shorter than 16 bytes, or a token key id is outside 0 to 255.",
            where="TRADEWIND_ADDRESS_KEY, TRADEWIND_TOKEN_KEYS or secrets.json",
            remedy="Use `openssl rand -hex 32`.",
        )
    return keys


def _stored(path: Path) -> dict[str, str]:
    """The keys on disk; made once, by whichever process comes first."""
    try:
        return json.loads(path.read_text())
    except FileNotFoundError:
        _create(path)
        return json.loads(path.read_text())
    except ValueError:
        raise ConfigurationError("is not JSON.", where=str(path), remedy="Restore it from your backup.") from None


def _create(path: Path) -> None:
    """Write fresh keys beside, then link them in place: the first process wins and nobody reads half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = {"address_key": random_source.token_hex(32), "token_keys": f"1:{random_source.token_hex(32)}"}
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
