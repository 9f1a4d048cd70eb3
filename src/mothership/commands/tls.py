"""`mothership tls`: certificates to try TLS and mutual TLS with.

Not the library trustme, which is for tests: every leaf of it is good for a server, a client and signing code at once,
so that a node's certificate could pose as the service's.
"""

import ipaddress
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from mothership.data_directory import open_own, reason_not_to_write, write_atomically

DAYS = 365
_SERVER, _CLIENT = ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH


@click.group()
def tls() -> None:
    """Certificates to try TLS with."""


@tls.command(short_help="Create a CA of your own, and certificates.")
@click.option(
    "--out", "directory", type=click.Path(path_type=Path, file_okay=False), default=Path("tls"), show_default=True
)
@click.option("--host", "hosts", multiple=True, default=["localhost", "127.0.0.1", "::1"], show_default=True)
@click.option("--client", "clients", multiple=True, help="Name of a node that gets a client certificate; repeatable.")
@click.option("--days", type=click.IntRange(min=1), default=DAYS, show_default=True)
def dev(directory: Path, hosts: tuple[str, ...], clients: tuple[str, ...], days: int) -> None:
    """Make a CA of your own, a certificate for the server and one for each client.

    An existing CA in the directory is used again, so more clients can be added later. For a trial or a closed network:
    the CA's key lies beside what it signs.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        # An authority that another user put there would be used again, and trusted.
        if reason := reason_not_to_write(directory, sticky_is_enough=False):
            raise click.ClickException(f"{directory} can't be used: {reason}: choose another directory with --out")
        authority = _authority(directory, days)
        made = [_issue(directory, "server", authority, hosts, _SERVER, days)]
        made += [_issue(directory, name, authority, (name,), _CLIENT, days) for name in clients]
    except OSError as error:
        raise click.ClickException(f"{error.filename or directory} can't be used: {error.strerror}") from None
    for path in made:
        click.echo(f"wrote {path}", err=True)
    click.echo(f"""server:
  tls:
    cert_file: {directory / "server.pem"}
    key_file: {directory / "server.key"}""")
    if clients:
        click.echo(f"    client_ca_file: {directory / 'ca.pem'}")


def _authority(directory: Path, days: int) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    certificate_file, key_file = directory / "ca.pem", directory / "ca.key"
    if certificate_file.exists() and key_file.exists():
        key = serialization.load_pem_private_key(_own(key_file), password=None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise click.ClickException(f"{key_file} holds no key of this command's kind")
        return x509.load_pem_x509_certificate(_own(certificate_file)), key
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name("Mothership development CA")
    certificate = (
        _builder(name, name, key, days)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .sign(key, hashes.SHA256())
    )
    write_atomically(certificate_file, certificate.public_bytes(serialization.Encoding.PEM), mode=0o644)
    write_atomically(key_file, _pem(key), mode=0o600)
    return certificate, key


def _own(path: Path) -> bytes:
    """What an earlier run of this user wrote."""
    try:
        with os.fdopen(open_own(path, os.O_RDONLY), "rb") as file:
            return file.read()
    except OSError as error:
        raise click.ClickException(f"{path} can't be used: {error.strerror}") from None


def _issue(
    directory: Path,
    name: str,
    authority: tuple[x509.Certificate, ec.EllipticCurvePrivateKey],
    hosts: tuple[str, ...],
    use: x509.ObjectIdentifier,
    days: int,
) -> Path:
    if Path(name).name != name or name == "ca":
        raise click.BadParameter("a client's name is a plain name, and not `ca`")
    issuer, issuer_key = authority
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = (
        _builder(_name(name), issuer.subject, key, days, signer=issuer_key)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([_alternative(host) for host in hosts]), critical=False)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([use]), critical=False)
        .sign(issuer_key, hashes.SHA256())
    )
    # The key first: a server that reads both again on a change finds a pair that fits soonest this way.
    write_atomically(directory / f"{name}.key", _pem(key), mode=0o600)
    path = directory / f"{name}.pem"
    write_atomically(path, certificate.public_bytes(serialization.Encoding.PEM), mode=0o644)
    return path


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    days: int,
    *,
    signer: ec.EllipticCurvePrivateKey | None = None,
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    signer_key = (signer or key).public_key()
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer_key), critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _alternative(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
