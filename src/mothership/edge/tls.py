"""Certificates from PEM files: TLS 1.2 or newer, mutual when a CA for clients is named, read again when they change."""

import os
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, Field, model_validator

from mothership.edge.caller import is_nobodys
from mothership.edge.file_watcher import FileWatcher
from mothership.errors import ConfigurationError
from mothership.ports import Clock
from mothership.telemetry import log


class TLSSettings(BaseModel, frozen=True, extra="forbid"):
    """Certificates. `mothership tls dev` makes a set to try it with."""

    cert_file: Path | None = Field(
        default=None,
        description="PEM file with the server's certificate and its chain. Without it the service speaks plain HTTP.",
    )
    key_file: Path | None = Field(default=None, description="PEM file with the private key of `cert_file`.")
    client_ca_file: Path | None = Field(
        default=None, description="PEM file with the CAs whose client certificates are trusted (mutual TLS)."
    )
    client_required: bool = Field(
        default=True,
        description="With `client_ca_file`: refuse connections without a certificate. If false, tokens are "
        "accepted as well.",
    )
    client_names: dict[str, str] = Field(
        default_factory=dict,
        description="Client certificate name (common name or DNS name) → the caller's name; names not listed are "
        "refused. Empty: every certificate of the CA enters under its common name.",
    )

    client_scopes: frozenset[Literal["ingest", "read", "manage", "trace"]] = Field(
        default=frozenset({"ingest"}),
        min_length=1,
        description="Scopes of client certificates whose name has no entry in `auth.tokens`.",
    )

    @model_validator(mode="after")
    def _is_consistent(self) -> "TLSSettings":
        if (self.cert_file is None) != (self.key_file is None):
            raise ValueError("cert_file and key_file belong together: set both or none")
        if self.client_ca_file and not self.cert_file:
            raise ValueError("client_ca_file needs cert_file and key_file: client certificates exist only over TLS")
        if any(map(is_nobodys, self.client_names.values())):
            raise ValueError("client_names: the name `anonymous` is taken by callers without credentials")
        if self.client_names and not self.client_ca_file:
            raise ValueError("client_names needs client_ca_file: without it no client certificate is looked at")
        return self


class Certificates:
    """The server's side of TLS. `context` is for the listening socket; each handshake gets what the files hold now."""

    def __init__(self, settings: TLSSettings, *, clock: Clock) -> None:
        """Raises `ConfigurationError` when a file can't be read or does not fit."""
        self._settings = settings
        files = [settings.cert_file, settings.key_file, settings.client_ca_file]
        self._files = FileWatcher([file for file in files if file is not None], clock=clock)
        self._current = _context(settings)
        self.context = _context(settings)
        self.context.sni_callback = self._choose

    def _choose(self, connection: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> None:
        """Called for every client's hello, with or without a server name in it."""
        if self._files.changed():
            self._read_again()
        connection.context = self._current

    def _read_again(self) -> None:
        try:
            self._current = _context(self._settings)
        except ConfigurationError as error:
            log.error("certificates_unusable", faults=error.faults)
        else:
            log.info("certificates_read_again")


def certificate_names(certificate: Mapping[str, Any] | None) -> tuple[str, ...]:
    """Return the names in a verified client certificate: its common name, then its DNS names; none without one.

    The common name is empty unless the certificate has exactly one.
    """
    if not certificate:
        return ()
    common = [value for part in certificate.get("subject", ()) for key, value in part if key == "commonName"]
    alternatives = [value for kind, value in certificate.get("subjectAltName", ()) if kind == "DNS"]
    return tuple(dict.fromkeys([common[0] if len(common) == 1 else "", *alternatives]))


def _context(settings: TLSSettings) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION | ssl.OP_CIPHER_SERVER_PREFERENCE
    # A resumed session would outlive the CA that vouched for it.
    context.options |= ssl.OP_NO_TICKET
    context.num_tickets = 0
    context.set_ciphers("ECDHE+AESGCM:ECDHE+CHACHA20")
    context.set_alpn_protocols(["http/1.1"])
    try:
        context.load_cert_chain(settings.cert_file or "", settings.key_file, password="")
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError([f"server.tls.{_faulty(settings)}: {_why(error)}"]) from None
    if settings.client_ca_file is None:
        return context
    try:
        context.load_verify_locations(settings.client_ca_file)
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError([f"server.tls.client_ca_file: {_why(error)}"]) from None
    context.verify_mode = ssl.CERT_REQUIRED if settings.client_required else ssl.CERT_OPTIONAL
    return context


def _faulty(settings: TLSSettings) -> str:
    """Name the file that can't be read; both, where they can and are no pair."""
    for key, file in (("cert_file", settings.cert_file), ("key_file", settings.key_file)):
        if file is not None and not os.access(file, os.R_OK):
            return key
    return "cert_file, key_file"


def _why(error: OSError) -> str:
    if isinstance(error, ssl.SSLError):
        return f"no usable PEM: {error.reason or 'unreadable'}"
    return f"can't be read: {error.strerror}"
