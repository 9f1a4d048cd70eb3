"""Whether the files that the edge needs can be used: known without its server, which a command need not load."""

import time

from mothership.edge.auth_settings import AuthSettings
from mothership.edge.credentials import Credentials
from mothership.edge.tls import Certificates, TLSSettings
from mothership.errors import ConfigurationError


def check_files(auth: AuthSettings, tls: TLSSettings) -> list[str]:
    """Why the files of tokens and certificates can't be used, one line for each reason. Opens nothing else."""
    faults: list[str] = []
    for look in (
        lambda: Credentials(auth, clock=time.time),
        lambda: Certificates(tls, clock=time.time) if tls.cert_file else None,
    ):
        try:
            look()
        except ConfigurationError as error:
            faults += error.faults
    return faults
