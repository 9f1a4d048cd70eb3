"""The rule for keys and tokens that stand behind words for them, and are too random to be anything else."""
# ruff: noqa: E501, PLR2004 - an expression reads best in one piece

import re

from mothership.pipeline.redaction.credential_names import KEY_KINDS
from mothership.pipeline.redaction.rules.keys_by_word import (
    KEYS_BY_WORD,
    KEYS_BY_WORD_NEGATIVES,
    KEYS_BY_WORD_POSITIVES,
)
from mothership.pipeline.redaction.rules.keys_in_addresses import (
    KEYS_IN_ADDRESSES,
    KEYS_IN_ADDRESSES_NEGATIVES,
    KEYS_IN_ADDRESSES_POSITIVES,
)
from mothership.pipeline.redaction.rules.rule import QUOTE, Matcher, Rule, Span
from mothership.pipeline.redaction.rules.validators import has_digit
from mothership.pipeline.redaction.rules.vocabulary import NO_NAME

_FILL = (
    rf"[)\]]?(?:{QUOTE})?(?:\s\([\w ]{{1,16}}\))?(?:\s{{0,3}}(?:=>|:=|->|[=:])\s{{0,3}}"
    r"|\s{1,2}(?:(?:in use|[\w.-]{1,24})(?:\s(?:to|as|from|is))?(?::\s{1,2}|\s{1,2}))?)"
    rf"(?:{QUOTE})?"
)
"""What stands between the word for a key and the key: a sign, a blank, a word or two."""
_LEFT_BE = """
public pub primary foreign partition sort cache object row dedup deduplication idempotency group host index hash shard
message event record map dict translation unique surrogate composite candidate lookup registry state lock blob item
issue project tracking metric kms range bucket websocket peer remote next prev page paging pagination continuation sync
cursor resume watch cancellation unexpected invalid lexer syntax parser duplicate missing client_public server_public
authorized trusted restore resource s3 etag trace correlation request redis evicted deleted expired
"""
_NO_KINDS = frozenset(_LEFT_BE.split())
_MORE_KINDS = """
application functions function routing link priv tsig wireguard dd kong tenant join certificate hex raw bot push
bearer refresh security consumer totp hmac aes des luks volume disk file user device registration ably algolia weather
"""
_KINDS = frozenset((*KEY_KINDS, *_MORE_KINDS.split()))
_KIND = re.compile(r"(?P<word>[A-Za-z]{2,24})[-_. ]?\Z")
_HUMP = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")
_WORDS = re.compile(r"(?:[A-Z]++|[A-Z]?[a-z]{2,}+|[0-9]{1,4}+|[_/+~-])++")
_HEX = re.compile(
    r"(?:0x)?(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{48}|[0-9a-f]{56}|[0-9a-f]{64}|[0-9a-f]{96}|[0-9a-f]{128})",
    re.IGNORECASE,
)
_BASE32 = re.compile(r"[A-Z2-7]{16,64}")
_FILLED = re.compile(r"x{8}|X{8}")
"""What a manual writes for a key."""
_CAPITALS = re.compile(r"(?=(?:[A-Z]*[0-9]){3})(?=(?:[0-9]*[A-Z]){8})[0-9A-Z]{32,40}")
"""A key of capitals and digits, as PagerDuty makes them."""
_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
_PUBLIC = ("AAAAB3", "AAAAC3", "AAAAE2", "MIIB", "MIIC", "MIID", "sha1-", "sha256-", "sha384-", "sha512-")
"""How public keys, certificates and digests begin."""
LONG = 24
DIGITS_MIN = 3


def is_random_key(text: str) -> bool:
    """Tell a key made by chance from every name: letters in both cases and digits, in an order that no word has."""
    if len(text) < LONG or _UUID.fullmatch(text) or text.startswith(_PUBLIC) or _WORDS.fullmatch(text):
        return False
    longest = max(re.split("[-_]", text.rstrip("=")), key=len) if text.count("-") > 1 else text
    kinds = (str.isupper, str.islower, str.isdigit)
    return all(any(map(kind, longest)) for kind in kinds) and (
        text[-1:] == "=" or NO_NAME.search(text) is not None or sum(map(str.isdigit, text)) > 2
    )


def _key(text: str, match: "re.Match[str]", _last: int) -> Span | None:
    """Say which part is the secret, by the word before the one for a key."""
    found = _KIND.search(text, max(0, match.start() - 24), match.start())
    humps = _HUMP.findall(found["word"]) if found else []
    kind = humps[-1].lower() if humps else ""
    if kind in _NO_KINDS or (found and found["word"].lower() in _NO_KINDS) or _FILLED.search(match["secret"]):
        return None
    value = match["secret"]
    noun = match["noun"].lower()
    told = kind in _KINDS
    good = (
        is_random_key(value)
        or (told and (_HEX.fullmatch(value) or _CAPITALS.fullmatch(value)))
        or (noun == "secret" and _BASE32.fullmatch(value))
    )
    return match.span("secret") if good and (told or noun != "key" or not value.isdigit()) else None


NAMED_KEY = Rule(
    name="named_key",
    description="Keys, tokens and secrets behind any words for one (`routing_key`, `jwt signing key …`, `private key 0x…`, "
    "`X-Auth-Token …`, `auth token in use: …`), where they are too random to be anything else; licence keys; BitLocker's "
    "recovery passwords; keys as rows of hexadecimal pairs.",
    source="what services and tools log of their keys; kinds of keys that are no secret (public, primary, cache, …) are let be",
    matchers=(
        Matcher(
            rf"(?P<noun>key|token|secret)s?(?:[-_ ]?(?:hex|b64|base64|data|value)){{0,2}}{_FILL}(?P<secret>(?:0x)?[0-9A-Za-z+/_-]{{16,512}}={{0,2}})(?![0-9A-Za-z+/_=-]|\.[0-9A-Za-z]|:[0-9A-Za-z])",
            ignore_case=True,
            read=_key,
        ),
        Matcher(
            r"(?:licen[cs]e|product|activation|serial|registration|cd)[-_ ]?(?:key|code)[^\r\n0-9A-Za-z]{1,4}(?:is\s|:\s)?(?P<secret>[0-9A-Z]{4,8}(?:-[0-9A-Z]{4,8}){2,7})(?![\w-])",
            ignore_case=True,
        ),
        Matcher(r"(?<![0-9-])[0-9]{6}(?:-[0-9]{6}){7}(?![0-9-])"),
        # Nomad's and Consul's: what they call the token itself.
        Matcher(
            r"secret\sid\s{0,8}[=:]\s{0,4}(?P<secret>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?![\w-])",
            ignore_case=True,
        ),
        # Twilio's account and its token, as `curl -u` and its libraries write them.
        Matcher(r"(?<![0-9A-Za-z])AC[0-9a-f]{32}:(?P<secret>[0-9a-f]{32})(?![0-9A-Za-z])"),
        Matcher(
            r"(?:\bMK|(?:master|volume|session|link|disk|encryption)[ _-]?key)(?:\sdump)?[^\r\n0-9a-f]{1,12}(?P<secret>(?:[0-9a-f]{2}[ :]){15,63}[0-9a-f]{2})(?![0-9A-Za-z])",
            ignore_case=True,
        ),
        Matcher(
            r"(?<![0-9A-Za-z+/])AQ[A-F][0-9A-Za-z+/]{35}A?==?(?![0-9A-Za-z+/=])",
            is_random_key,
            preceded=r"(?i:key)\W{1,6}",
        ),
        # OCPP: by its number a card opens a charging station.
        Matcher(
            rf"(?:parent)?id_?tag{QUOTE}\s?:\s?{QUOTE}(?P<secret>[0-9A-F]{{8,20}}){QUOTE}", has_digit, ignore_case=True
        ),
        *KEYS_BY_WORD,
        *KEYS_IN_ADDRESSES,
    ),
    positives=(
        *KEYS_BY_WORD_POSITIVES,
        *KEYS_IN_ADDRESSES_POSITIVES,
        ('{"routing_key":"b9c00bc3b49d95bb0bbe61e96ba237a4"}', "b9c00bc3b49d95bb0bbe61e96ba237a4"),
        ("x-functions-key: tJqY0fKFXXDA7X2BJq82sCnQ5B8jYZUc3pNX0ayt==", "tJqY0fKFXXDA7X2BJq82sCnQ5B8jYZUc3pNX0ayt=="),
        ("DD-APPLICATION-KEY: 1b4663fe3a8ce1bcebfb37d04c31b7f8043fef48", "1b4663fe3a8ce1bcebfb37d04c31b7f8043fef48"),
        ('"kong_key": {"id": "7", "key": "ybRPlDwo9kWClQ7Hl0suExclp3G2nBwJ"}', "ybRPlDwo9kWClQ7Hl0suExclp3G2nBwJ"),
        ("init({ key: 'GFfR7AicQRe2kQ913oxHL8trMarLZs60' })", "GFfR7AicQRe2kQ913oxHL8trMarLZs60"),
        ("twilio auth token 5fbd70757bbc71403eca5100ba56f3ef rotated", "5fbd70757bbc71403eca5100ba56f3ef"),
        ("api key in use: nf9h3YemNosuwHZIMMnmOXEzF38my3Vv", "nf9h3YemNosuwHZIMMnmOXEzF38my3Vv"),
        ("jwt signing key OywdGEIpkn4uj9Y6bSxvrXFl1RejthLe8Oyd2g9P", "OywdGEIpkn4uj9Y6bSxvrXFl1RejthLe8Oyd2g9P"),
        (
            "geth: hex private key 0x013960b60432fb15f67994897771787a73cf243ebd89b6bdbe76500354b91549",
            "013960b60432fb15f67994897771787a73cf243ebd89b6bdbe76500354b91549",
        ),
        (
            "wireguard private-key MfFkmtZoJVaz8XbX2UARnpN2o1forB9PToKJCJXliVI=",
            "MfFkmtZoJVaz8XbX2UARnpN2o1forB9PToKJCJXliVI=",
        ),
        ("tsig key xfr 7jxsmcMYW83+Hkg4wVIVk2PN2jVkv8P7Vy8+zz6APIw=", "7jxsmcMYW83+Hkg4wVIVk2PN2jVkv8P7Vy8+zz6APIw="),
        ("TOTP secret E635Q2Q3G3M56LNIQXOFOUXVRW5R7WNY", "E635Q2Q3G3M56LNIQXOFOUXVRW5R7WNY"),
        ("redfish session X-Auth-Token 69ec3ca6b8500a97ab159398b9e38bec", "69ec3ca6b8500a97ab159398b9e38bec"),
        ("License Key G0K6G-RGK44-Q64Q1-6XX1F-RDBL8 activated", "G0K6G-RGK44-Q64Q1-6XX1F-RDBL8"),
        ("Secret ID    = 1f0e77aa-4a1f-9d5e-3c1b-2a4f5d6e8d0f", "1f0e77aa-4a1f-9d5e-3c1b-2a4f5d6e8d0f"),
        (
            "as AC9b6d3f1a7c2e8b4d0f5a6c1e3d7b9f2a:4c8e0d6b1f3a5c7e9d2b4f6a8c0e1d3f",
            "4c8e0d6b1f3a5c7e9d2b4f6a8c0e1d3f",
        ),
        ("-RecoveryPassword 111111-222222-333333-444444-555555-666666-777777-888888", "111111-222222-333333-444444"),
        ('{"routing_key": "R02K4M7PQ9ZX1VB6TN8LW3YD5HF0GJ2C"}', "R02K4M7PQ9ZX1VB6TN8LW3YD5HF0GJ2C"),
        ('Authorize [2,"7",{"idTag":"04B2C91A77E380"}]', "04B2C91A77E380"),
        (
            "LUKS master key dump: aa bb cc dd ee ff 00 11 22 33 44 55 66 77 88 99",
            "aa bb cc dd ee ff 00 11 22 33 44 55",
        ),
        (
            "ceph: [client.admin] key = AQDX07vXEbiilONN034CTkaXkKApWacuocWvTA==",
            "AQDX07vXEbiilONN034CTkaXkKApWacuocWvTA==",
        ),
    ),
    negatives=(
        'routing_key=ORDERS.EU.CREATED, {"routing_key": "ALARM_CRITICAL_ENGINE_ROOM_NUMBER"}, {"idTag":"unknown"}, {"idTagInfo":{"status":"Accepted"}}',
        "client_secret: XXXXXXXXXXXXXXXX, routing_key=0xxxxxxxxxxxxxxxxxxxxxxxxxxxxx9A",
        *KEYS_BY_WORD_NEGATIVES,
        *KEYS_IN_ADDRESSES_NEGATIVES,
        "publicKey=MCowBQYDK2VwAyEAhfC5PQbwhkUEPRES9KtuQNBPl3PsaDd7ww4SrCxj4Lt, peer_public_key: unhrdkVEGoqKfHbeuwdcvb7MBSEEyj6YWBm41gSUm6I=",
        "cache key 5f4dcc3b5aa765d61d8327deb882cf99 evicted, primary key: 9f86d081884c7d659a2feaa0c55ad015, dedup_key=1b4663fe3a8ce1bcebfb37d04c31b7f8043fef48",
        "duplicate key value violates unique constraint, host key SHA256:kzKyI7Mvt+KJSJAt02kCXlBBJKZLwz2D3AwCXa9c0+V",
        'key: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI0", ssh key AAAAC3NzaC1lZDI1NTE5AAAAIMyddtJZY5phzGGgaT60vhcmhL',
        '"key": "customer-orders-by-region-2024", key: loginButtonTitleLong1, routing_key=orders.created.v1',
        "token 0a1b2c3d4e5f60718293, key 9f8e7d6c5b4a39281706f5e4d3c2b1a0 evicted, key=550e8400-e29b-41d4-a716-446655440000",
        "Cache restored from key: Linux-node-240b49f4ebd5e3e850d22534c703cbed5a68e31469fdda73653cab3a0666ac9d",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZTEyMw==, key rotated after 86400 s, product code 12-34, serial code AB-12",
        "Accessor ID  = 1f0e77aa-4a1f-9d5e-3c1b-2a4f5d6e8d0f, the secret ID is not set",
        "nextPageToken: CAUQAA3f9K2mZq8Lw1RtYxVb7N, continuation token aB3dEf9hIjKlMnOpQrStUv12",
    ),
)
