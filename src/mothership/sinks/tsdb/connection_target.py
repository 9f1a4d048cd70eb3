"""Where to connect, as whom, and how: what a DSN or the single keys come to."""

import os
import random
import ssl
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from mothership.errors import ConfigurationError
from mothership.sinks.tsdb.dsn_parameters import (
    CHECKED_SSL_MODES,
    ENCRYPTED_SSL_MODES,
    NOTHING_CHECKED,
    SYSTEM,
    TLS_VERSIONS,
)


@dataclass(frozen=True, slots=True)
class ConnectionTarget:
    """Where to connect, as whom, and how."""

    hosts: tuple[str, ...]
    ports: tuple[int, ...]
    user: str
    database: str
    password: str | None = field(default=None, repr=False)
    parameters: Mapping[str, str] = field(default_factory=dict, repr=False)
    """What a DSN says besides, of `SUPPORTED_PARAMETERS`."""
    session: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Settings for the session, told to the server."""
    ignored: tuple[tuple[str, str], ...] = ()
    """Parameters of a DSN that have no effect, each with what has."""

    def __str__(self) -> str:
        places = zip(self.hosts, self.ports, strict=True)
        return ",".join(host if host[:1] == "/" else f"{host}:{port}" for host, port in places)

    def each(self) -> "list[ConnectionTarget]":
        """One target a host, in the order in which they are to be tried."""
        places = list(zip(self.hosts, self.ports, strict=True))
        if self.parameters.get("load_balance_hosts") == "random":
            random.shuffle(places)
        return [replace(self, hosts=(host,), ports=(port,)) for host, port in places]

    @property
    def connect_timeout_seconds(self) -> float | None:
        """How long one host may take to answer, if a DSN says so."""
        seconds = int(self.parameters.get("connect_timeout") or 0)
        return float(seconds) if seconds > 0 else None

    @property
    def is_local(self) -> bool:
        """Whether there is no network on the way, and so no TLS."""
        return all(host[:1] == "/" for host in self.hosts)

    @property
    def ssl_mode(self) -> str:
        """One of `SSL_MODES`."""
        return self.parameters.get("sslmode") or ("verify-full" if self._uses_system_roots else "prefer")

    @property
    def _uses_system_roots(self) -> bool:
        return self.parameters.get("sslrootcert") == SYSTEM

    def ssl_context(self) -> ssl.SSLContext:
        """What the parameters say. Raises ConfigurationError that names the one whose file can't be used."""
        mode, told = self.ssl_mode, self.parameters
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.minimum_version = TLS_VERSIONS[told.get("ssl_min_protocol_version") or "TLSv1.2"]
        if highest := told.get("ssl_max_protocol_version"):
            context.maximum_version = TLS_VERSIONS[highest]
        roots = told.get("sslrootcert") or _in_home("root.crt")
        if mode in CHECKED_SSL_MODES and roots is None:
            raise self._fault("sslrootcert", f"is needed for sslmode={mode} (`{SYSTEM}`: what this machine trusts)")
        if mode in ENCRYPTED_SSL_MODES and roots is not None:
            context.verify_mode = ssl.CERT_REQUIRED
            context.check_hostname = mode == "verify-full"
            if roots == SYSTEM:
                context.load_default_certs()
            else:
                self._load("sslrootcert", roots, lambda: context.load_verify_locations(cafile=roots))
            if revoked := told.get("sslcrl") or _in_home("root.crl"):
                self._load("sslcrl", revoked, lambda: context.load_verify_locations(cafile=revoked))
                context.verify_flags |= ssl.VERIFY_CRL_CHECK_CHAIN
        elif told.get("sslcrl"):
            raise self._fault("sslcrl", NOTHING_CHECKED)
        if told.get("sslcertmode") == "disable":
            return context
        if certificate := told.get("sslcert") or _in_home("postgresql.crt"):
            key = told.get("sslkey") or _in_home("postgresql.key")
            # An empty password, lest OpenSSL ask for one on the terminal.
            load = lambda: context.load_cert_chain(certificate, key, password=told.get("sslpassword", ""))  # noqa: E731 - one expression, used once
            self._load("sslcert", certificate, load)
        elif told.get("sslkey"):
            raise self._fault("sslkey", "needs sslcert")
        return context

    def check_files(self) -> None:
        """Read what the parameters name. Raises ConfigurationError that names the one that can't be used."""
        if not self.is_local and self.ssl_mode != "disable":
            self.ssl_context()
        passfile = self.parameters.get("passfile")
        if passfile and self.password is None and not os.environ.get("PGPASSWORD"):
            try:
                mode = Path(passfile).stat().st_mode
            except FileNotFoundError:
                return  # as good as one without a line for this server
            except OSError as error:
                raise self._fault("passfile", f"{passfile} can't be read: {error.strerror}") from None
            if not stat.S_ISREG(mode) or mode & (stat.S_IRWXG | stat.S_IRWXO):
                raise self._fault("passfile", f"{passfile} must be a file that nobody else may read (chmod 600)")
            if not os.access(passfile, os.R_OK):
                raise self._fault("passfile", f"{passfile} can't be read: Permission denied")

    def _load(self, parameter: str, path: str, load: Callable[[], None]) -> None:
        try:
            load()
        except ssl.SSLError:
            raise self._fault(parameter, f"{path} holds nothing that can be used") from None
        except OSError as error:
            raise self._fault(parameter, f"{path} can't be read: {error.strerror}") from None

    def _fault(self, parameter: str, reason: str) -> ConfigurationError:
        return ConfigurationError([f"database.dsn ({self}): {parameter} {reason}"])


def _in_home(name: str) -> str | None:
    """Where libpq looks when a parameter does not say."""
    try:
        path = Path.home() / ".postgresql" / name
    except RuntimeError:
        return None
    return str(path) if path.exists() else None
