"""Users of a NATS server, of every kind that it knows: the parts of its configuration, made without its own tools."""

import base64
import json
import os
import time
from hashlib import sha512
from pathlib import Path
from typing import Any, NamedTuple

import nkeys

UNLIMITED = -1


class Key(NamedTuple):
    """A pair of keys, as NATS writes them."""

    seed: str
    pair: nkeys.KeyPair

    @property
    def public(self) -> str:
        """Names whose it is."""
        return str(self.pair.public_key.decode())


def key(kind: int) -> Key:
    """A new one: of an operator, an account or a user (`nkeys.PREFIX_BYTE_…`)."""
    seed = nkeys.encode_seed(os.urandom(32), kind)
    return Key(seed.decode(), nkeys.from_seed(bytearray(seed)))


class JwtLogin(NamedTuple):
    """An operator's server and a user of one of its accounts."""

    server: str
    """For the server's configuration."""
    credentials: str
    """What a `.creds` file holds."""


def jwt_login() -> JwtLogin:
    """An operator, an account with JetStream, and a user."""
    operator, account, user = map(key, (nkeys.PREFIX_BYTE_OPERATOR, nkeys.PREFIX_BYTE_ACCOUNT, nkeys.PREFIX_BYTE_USER))
    limits = dict.fromkeys(
        ("subs", "data", "payload", "imports", "exports", "conn", "leaf", "mem_storage", "disk_storage", "streams",
         "consumer"),
        UNLIMITED,
    )  # fmt: skip
    operator_jwt = _signed(operator, operator, {"type": "operator"})
    system = key(nkeys.PREFIX_BYTE_ACCOUNT)
    system_jwt = _signed(
        operator, system, {"type": "account", "limits": {**limits, "mem_storage": 0, "disk_storage": 0}}
    )
    account_jwt = _signed(operator, account, {"type": "account", "limits": {**limits, "wildcards": True}})
    user_jwt = _signed(account, user, {"type": "user", "subs": UNLIMITED, "data": UNLIMITED, "payload": UNLIMITED})
    return JwtLogin(
        f"operator: {operator_jwt}\nsystem_account: {system.public}\nresolver: MEMORY\n"
        f"resolver_preload: {{ {account.public}: {account_jwt}, {system.public}: {system_jwt} }}",
        f"-----BEGIN NATS USER JWT-----\n{user_jwt}\n------END NATS USER JWT------\n\n"
        f"-----BEGIN USER NKEY SEED-----\n{user.seed}\n------END USER NKEY SEED------\n",
    )


def _signed(by: Key, about: Key, claims: dict[str, Any]) -> str:
    body: dict[str, Any] = {
        "iat": int(time.time()), "iss": by.public, "name": "test", "sub": about.public,
        "nats": {**claims, "version": 2},
    }  # fmt: skip
    body["jti"] = base64.b32encode(sha512(json.dumps(body).encode()).digest()[:32]).decode().rstrip("=")
    head = {"typ": "JWT", "alg": "ed25519-nkey"}
    text = ".".join(_base64(json.dumps(part).encode()) for part in (head, body))
    return f"{text}.{_base64(by.pair.sign(text.encode()))}"


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def written(path: Path, text: str) -> Path:
    """A file that only this user reads."""
    path.write_text(text)
    path.chmod(0o600)
    return path
