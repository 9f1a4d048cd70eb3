"""Rules for personal data, in the order in which they look."""

from mothership.pipeline.redaction.rules.account_numbers import CARD, IBAN, SSN
from mothership.pipeline.redaction.rules.email_addresses import EMAIL
from mothership.pipeline.redaction.rules.network_addresses import IPV4, IPV6, MAC
from mothership.pipeline.redaction.rules.phone_numbers import PHONE

PERSONAL = (EMAIL, CARD, SSN, IBAN, PHONE, IPV4, IPV6, MAC)
