"""Certificates from PEM files: TLS 1.2 or newer, mutual when a CA for clients is named."""

from pathlib import Path

from pydantic import BaseModel, Field, model_validator


class TLSSettings(BaseModel, frozen=True, extra="forbid"):
    """Certificates. `mothership tls dev` makes a set to try it with."""

    cert_file: Path | None = Field(
        default=None, description="PEM file with the server's certificate and its chain; without it plain HTTP."
    )
    key_file: Path | None = Field(default=None, description="PEM file with the private key of `cert_file`.")
    client_ca_file: Path | None = Field(
        default=None, description="PEM file with the CAs whose client certificates are believed (mutual TLS)."
    )
    client_required: bool = Field(
        default=True,
        description="With `client_ca_file`: refuse connections without a certificate; false lets tokens in as well.",
    )
    client_names: dict[str, str] = Field(
        default_factory=dict,
        description="Client certificate name (common name or DNS name) → the caller's name; names not listed are "
        "refused. Empty: every certificate of the CA enters under its common name.",
    )

    @model_validator(mode="after")
    def _is_consistent(self) -> "TLSSettings":
        if (self.cert_file is None) != (self.key_file is None):
            raise ValueError("cert_file and key_file belong together: set both or none")
        if self.client_ca_file and not self.cert_file:
            raise ValueError("client_ca_file needs cert_file and key_file: client certificates exist only over TLS")
        if self.client_names and not self.client_ca_file:
            raise ValueError("client_names needs client_ca_file: without it no client certificate is looked at")
        return self
