"""May the service listen where it is told to, with the credentials and the TLS that it has?"""

import ipaddress

from mothership.edge.auth_settings import AuthSettings
from mothership.edge.tls import TLSSettings


def check_exposure(host: str, auth: AuthSettings, tls: TLSSettings) -> list[str]:
    """Why the service may not listen there, one line for each reason; empty when it may."""
    if is_loopback(host) or auth.anonymous or auth.tokens or auth.tokens_file or tls.client_ca_file:
        return []
    fault = (
        f"server.host: {host} can be reached from other machines, and nothing says who may enter. Either add a token "
        "(`mothership token new NAME` prints the lines for auth.tokens; or set MOTHERSHIP_AUTH_TOKENS), or name the "
        "CA of your nodes' certificates in server.tls.client_ca_file, or say `auth: {anonymous: true}` "
        "when everyone who reaches the port may send and read"
    )
    return [fault]


def exposure_warning(host: str, auth: AuthSettings, tls: TLSSettings) -> str:
    """What is allowed and may not be meant; empty when there is nothing."""
    if is_loopback(host) or tls.cert_file or not (auth.tokens or auth.tokens_file):
        return ""
    return (
        f"tokens and events cross the network in the clear: {host} can be reached from other machines, over plain "
        "HTTP. Set server.tls.cert_file and key_file, unless a proxy on this machine or in its network ends TLS"
    )


def is_loopback(host: str) -> bool:
    """Whether nothing but this machine can reach that address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
