"""The built-in rules: what they find, how that is made sure, and their examples."""

from mothership.pipeline.redaction.rules.assignments import ASSIGNMENT
from mothership.pipeline.redaction.rules.bank_accounts import BANK_ACCOUNT
from mothership.pipeline.redaction.rules.card_codes import CARD_CODE
from mothership.pipeline.redaction.rules.commands import COMMAND_PASSWORD
from mothership.pipeline.redaction.rules.configuration import CONFIG_PASSWORD
from mothership.pipeline.redaction.rules.credentials import CREDENTIALS
from mothership.pipeline.redaction.rules.device_credentials import DEVICES
from mothership.pipeline.redaction.rules.encoded import BASE64, ENCODED_CREDENTIAL, base64_finder
from mothership.pipeline.redaction.rules.hashes import PASSWORD_HASH
from mothership.pipeline.redaction.rules.identity import IDENTITY
from mothership.pipeline.redaction.rules.named_keys import NAMED_KEY
from mothership.pipeline.redaction.rules.one_time_codes import ONE_TIME_CODE
from mothership.pipeline.redaction.rules.own_tokens import OWN_TOKENS, own_token_finders
from mothership.pipeline.redaction.rules.personal import PERSONAL
from mothership.pipeline.redaction.rules.protocol_logins import LOGIN
from mothership.pipeline.redaction.rules.request_signatures import REQUEST_SIGNATURE
from mothership.pipeline.redaction.rules.rule import REACH, CodeMatcher, CompiledWhenAsked, Finder, Matcher, Rule, Span
from mothership.pipeline.redaction.rules.seed_phrases import SEED_PHRASE
from mothership.pipeline.redaction.rules.sentences import SENTENCE
from mothership.pipeline.redaction.rules.service_keys import SERVICE_KEY
from mothership.pipeline.redaction.rules.sessions import SESSION_COOKIE
from mothership.pipeline.redaction.rules.source_code import CODE
from mothership.pipeline.redaction.rules.user_passwords import USER_AND_PASSWORD
from mothership.pipeline.redaction.rules.vendors import VENDORS

BUILTIN: tuple[Rule, ...] = (
    *PERSONAL,
    BANK_ACCOUNT,
    CARD_CODE,
    *IDENTITY,
    *CREDENTIALS,
    *DEVICES,
    COMMAND_PASSWORD,
    CONFIG_PASSWORD,
    LOGIN,
    USER_AND_PASSWORD,
    PASSWORD_HASH,
    SESSION_COOKIE,
    REQUEST_SIGNATURE,
    *VENDORS,
    *OWN_TOKENS,
    CODE,
    ENCODED_CREDENTIAL,
    NAMED_KEY,
    SERVICE_KEY,
    SEED_PHRASE,
    SENTENCE,
    ONE_TIME_CODE,
    ASSIGNMENT,
    BASE64,
)
"""Every rule, in the order that decides which names a place where several hit."""

__all__ = [
    "BUILTIN",
    "REACH",
    "CodeMatcher",
    "CompiledWhenAsked",
    "Finder",
    "Matcher",
    "Rule",
    "Span",
    "base64_finder",
    "own_token_finders",
]
