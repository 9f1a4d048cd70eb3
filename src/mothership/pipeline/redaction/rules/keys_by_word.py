"""Keys that are known by the word before them: abbreviations of standards, products, streams, apps, tables of a tool."""
# ruff: noqa: E501, PLR2004 - an expression reads best in one piece; lengths of keys

import re

from mothership.pipeline.redaction.rules.rule import QUOTE, WORD, Matcher
from mothership.pipeline.redaction.rules.validators import turns
from mothership.pipeline.redaction.rules.vocabulary import is_no_word, is_random, is_written_out, looks_like_secret

_ABBREVIATED = (
    r"(?:GUEK|GBEK|GAK|[AE]K|M?KEK|DEK|TEK|ZMK|ZPK|TPK|TMK|TAK|PVK|CVK|BDK|IPEK|IMK|LMK|PMK|PTK|GTK|MSK|EMSK|LTK|IRK|CSRK|CAK|KEYSET|HLS_?KEY|LLS_?KEY|OPc?|Ki|KIc|KID_KEY|SK_(?:d|ai|ar|ei|er|pi|pr)"
    r"|(?i:app_?s?_?key|nwk_?s?_?key|[fs]nwk_?s_?int_?key|nwk_?s_?enc_?key|gen_?app_?key|link_?key|tc_?link_?key|install_?code|backbone_?key|s[02]_?key|wmbus_?key|aes_?key|cipher_?key|meter_?key|tool_?key|backup_?key|recovery_?key|sector_?key|mifare_?key))"
)
_STREAM = re.compile(
    r"[0-9a-z]{4}(?:-[0-9a-z]{4}){3,5}|live_[0-9]{5,12}_[0-9A-Za-z]{16,40}|FB-[0-9]{6,20}-[0-9A-Za-z_-]{6,}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?=[^0-9]{0,40}[0-9])(?=[0-9a-z_-]{0,40}[A-Z])[0-9A-Za-z_-]{18,}"
)


_HEX = re.compile(r"(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64})", re.IGNORECASE)
_NAMED_PARTS = re.compile(r"(?:(?:[A-Z]?[a-z]{2,}+|[0-9]{1,4}+|[A-Z]{2,8}+)[_./:-]?+)++")


def _is_short_key(text: str) -> bool:
    """Tell a key of chance from the name of one: figures and letters in both cases, or hexadecimal digits."""
    kinds = (str.isupper, str.islower, str.isdigit)
    return "-" in text or _HEX.fullmatch(text) is not None or all(any(map(kind, text)) for kind in kinds)


def is_random_small(text: str) -> bool:
    """Tell what was made by chance even of small letters and figures alone: they change about as often as chance has it."""
    if len(text) < 16 or _NAMED_PARTS.fullmatch(text):
        return False
    figures = sum(map(str.isdigit, text))
    changes = turns(text)
    mixed = any(map(str.isupper, text)) and any(map(str.islower, text)) and figures > 0
    return changes >= 6 or (mixed and (changes >= 2 or len(text) >= 32))


def _is_product_key(text: str) -> bool:
    return any(map(str.isdigit, text)) and any(map(str.isalpha, text))


def _is_stream_key(text: str) -> bool:
    """Tell a key from the name of a stream: by the platforms' forms, or by chance."""
    return _STREAM.match(text) is not None and any(map(str.isdigit, text))


def _is_cell(text: str) -> bool:
    return len(text) >= 8 and is_random(text) and any(map(str.isdigit, text)) and is_written_out(text)


def _is_app_password(text: str) -> bool:
    """Tell groups by chance from words of four letters: by a digit, or letters in both cases, or a dash between."""
    return "-" in text or any(map(str.isdigit, text)) or not text.islower() or len(text) == len("abcd efgh ijkl mnop")


KEYS_BY_WORD = (
    # DLMS, EMV, LoRaWAN, Bluetooth, Wi-Fi, IKE: `GUEK=…`, `LTK: …`, `AppSKey …`
    Matcher(
        rf"(?<![A-Za-z0-9]){_ABBREVIATED}(?:{QUOTE})?(?:\s(?:key|value))?\s{{0,2}}(?:=>|->|[=:])\s{{0,2}}(?:{QUOTE})?(?:0x)?(?P<secret>[0-9A-Fa-f]{{32,64}}|[0-9A-Fa-f]{{2}}(?:[ :-][0-9A-Fa-f]{{2}}){{15,31}})(?![0-9A-Za-z])"
    ),
    # `radius server X` and its lines, `key 0 …`, `key 7 …`
    Matcher(
        rf"(?:radius|tacacs)\sserver\s\S{{1,64}}[ \t]{{0,4}}(?:(?:\r?\n|\\n)[ \t]{{1,4}}(?!key)[^\r\n\\]{{0,120}}){{0,6}}(?:\r?\n|\\n)[ \t]{{1,4}}key\s{{1,4}}(?:[0-9]\s{{1,2}})?{WORD}",
        is_no_word,
        ignore_case=True,
    ),
    Matcher(
        r"key\s[0-9]\s{1,2}(?P<secret>[^\s\"'\\;,]{6,128})(?=[\"']?\s{0,4}(?:$|[\r\n]|\\[rn]))",
        looks_like_secret,
        preceded=r"(?:^|[\r\n]|\\n|command:|cmd:)\s{0,8}",
    ),
    Matcher(
        rf"(?:tac_?plus\w{{0,3}}|tacacs\+?|radiusd?|freeradius|rndc|racoon|keepalived)(?![A-Za-z-])[^\r\n]{{0,80}}?\b(?:key|secret)\s?=\s?(?:{QUOTE})(?P<secret>[^\"'\\\r\n]{{4,128}})",
        is_no_word,
        ignore_case=True,
    ),
    # HP's and Aruba's: `password manager user-name "x" plaintext …`, `radius-server key plaintext …`
    Matcher(
        rf"(?:password|key|secret|passphrase|auth-pass|priv-pass|community)\s(?:(?:manager|operator|all|port-access|user-name|user|host)\s(?:{QUOTE}[^\"\r\n]{{1,64}}{QUOTE}\s)?(?:[\w.-]{{1,64}}\s)?){{0,3}}(?:plaintext|ciphertext)\s{WORD}",
        is_no_word,
        ignore_case=True,
    ),
    # What a debugger prints of a pointer to text: `bindpw = 0x55a1 "…"`
    Matcher(
        rf"(?:passw(?:or)?d|pass|pwd|pw|secret|token|passphrase|api_?key|psk|_key)\w{{0,16}}\s?=\s?(?:\([^()\r\n]{{1,40}}\)\s)?0x[0-9a-f]{{1,16}}\s(?:<[^>\r\n]{{1,60}}>\s)?{QUOTE}(?P<secret>[^\"\\\r\n]{{1,256}}){QUOTE}",
        is_written_out,
        ignore_case=True,
    ),
    # Erlang's binaries: `password: <<"…">>`
    Matcher(
        r"(?:passw(?:or)?d|passphrase|pwd|secret|token|api_?key|cookie|(?<![a-z])pass)\w{0,12}(?:\\{0,3}[\"'])?\s{0,2}(?:=>|:=|[=:,])\s{0,3}<<\\{0,3}\"(?P<secret>[^\"\\\r\n]{1,256})\\{0,3}\"",
        is_written_out,
        ignore_case=True,
    ),
    # Product keys of five groups of five
    Matcher(
        r"(?:[/-]ipk|/inpkey:?|pidkey|productid|(?:licen[cs]e|product|activation|install(?:ation)?|registration|volume|mak|kms|retail|oem|windows|office|vmware|upgrade)[-_ ]?(?:key|code|number|no|id)?|(?<![a-z])keys?|serial\skey|schlüssel|clé|clave|chiave|sleutel|klucz)(?:\\{0,3}[\"'])?[^\r\n0-9A-Za-z]{1,8}(?:(?:is|ist|est|installed|entered|used|value|set|to)[^\r\n0-9A-Za-z]{1,4}){0,2}(?P<secret>[0-9A-Z]{5}(?:-[0-9A-Z]{5}){4})(?![0-9A-Za-z-])",
        _is_product_key,
        ignore_case=True,
        unicode=True,
    ),
    # What a platform takes a stream by: the last part of an address, or behind the word
    Matcher(
        r"rtmps?://[^\s/\"'<>]{3,128}/(?:[\w.-]{1,40}/){1,3}(?P<secret>[0-9A-Za-z][0-9A-Za-z_-]{11,200})(?:\?[^\s\"'<>]{0,400})?",
        _is_stream_key,
    ),
    Matcher(
        rf"stream(?:ing)?[-_ ]?(?:key|name/key)(?:{QUOTE})?\s{{0,2}}(?:[=:]|=>|\sis\s)\s{{0,2}}(?:{QUOTE})?(?P<secret>[0-9A-Za-z][0-9A-Za-z_-]{{11,200}})",
        _is_stream_key,
        ignore_case=True,
    ),
    # Passwords for one app: Google's and Apple's of letters, WordPress' and Nextcloud's of groups
    Matcher(
        rf"app(?:lication)?[-_ ]?(?:specific[-_ ]?)?passwords?(?:{QUOTE})?(?:\s(?:for|to|of)\s[^\r\n:=]{{1,60}}?)?(?:\s(?:result|created|generated|issued|added|is|was|ok)){{0,2}}\s{{0,2}}(?:[:=]|=>|\sis)\s{{0,2}}(?:{QUOTE})?(?P<secret>[0-9A-Za-z]{{4,5}}(?:[ -][0-9A-Za-z]{{4,5}}){{3,7}})(?![0-9A-Za-z-])",
        _is_app_password,
        ignore_case=True,
    ),
    Matcher(
        r"(?:sv_setsteamaccount|STEAM_?ACCOUNT|GSLT|gslt)(?:\\{0,3}[\"'])?[\s=:]{1,3}[\"']?(?P<secret>[0-9A-F]{32})(?![0-9A-Za-z])"
    ),
    # A token that was refused: `access denied for token …`, `token …: invalid`
    Matcher(
        r"(?:denied|invalid|unknown|expired|revoked|bad|unauthori[sz]ed|rejected|wrong|incorrect|failed|forbidden|not\sfound)\b[^\r\n]{0,40}?\btoken\s{1,2}[\"'(\[]?(?P<secret>[0-9a-f]{32}(?:[0-9a-f]{8}){0,4})(?![0-9A-Za-z-])",
        ignore_case=True,
    ),
    Matcher(
        r"token\s{1,2}[\"'(\[]?(?P<secret>[0-9a-f]{32}(?:[0-9a-f]{8}){0,4})(?=[\"')\]]?:?\s(?:is\s|was\s|has\s)?(?:not\svalid|invalid|expired|revoked|unknown|denied|rejected|not\sfound|unauthori[sz]ed|incorrect))",
        ignore_case=True,
    ),
    # Short ones that are of a device, an account's transactions, or beside what uses it
    Matcher(
        rf"(?:local|device|transaction|security|tuya|panel)_?key(?:{QUOTE})?\s?(?:=>|[=:>])\s?(?:{QUOTE})?(?P<secret>[0-9A-Za-z]{{16,64}}|[0-9a-f]{{8}}(?:-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}})(?![0-9A-Za-z_-])",
        _is_short_key,
        ignore_case=True,
    ),
    Matcher(
        r"(?:using|with|got|sent|old|new)\s(?:[\w-]{1,24}\s){0,3}key\s?[=:]\s?(?P<secret>[0-9a-z_:/.+-]{24,160})(?![0-9A-Za-z_=])",
        is_random_small,
        ignore_case=True,
    ),
    Matcher(r"[?&]key=(?P<secret>[0-9A-Za-z_-]{20,128})(?![0-9A-Za-z_=-])", is_random_small),
    Matcher(
        r"(?:refresh|rotate[sd]?|renewed|session)\s(?P<secret>[0-9A-Za-z_-]{60,2048})(?![0-9A-Za-z_.-])",
        is_random_small,
    ),
    # The only argument of a service's client, or the one behind its account
    Matcher(
        rf"(?:Client|API|Api|Bot|Connection|Session|Service|Auth|Account)\(\s?(?:{QUOTE}[\w.@-]{{4,64}}{QUOTE}\s?,\s?)?{QUOTE}(?P<secret>[0-9A-Za-z_-]{{24,128}}){QUOTE}",
        is_random_small,
    ),
    Matcher(r"\bAPI:\s(?P<secret>[0-9A-Za-z]{16,64})(?![0-9A-Za-z])", is_random_small),
    Matcher(r"\bauth=(?P<secret>[0-9A-Za-z_-]{32,64})(?![0-9A-Za-z_=-])", is_random_small),
    Matcher(r"(?:user(?:name)?|login)=(?P<secret>[0-9A-Za-z_-]{16,128})\s\(access\stoken\)", ignore_case=True),
    Matcher(
        r"\b[A-Z0-9_]{2,40}_(?:TOKEN|KEY|SECRET|PAT)\s(?P<secret>[0-9A-Za-z_-]{24,256})(?![0-9A-Za-z_.=/-])",
        is_random_small,
    ),
    Matcher(
        r"(?:auth_?key|api\s?key|(?<![a-z])token|secret)\s(?:for|of)\s[^\r\n]{1,60}?\sto\s(?P<secret>[^\s\"',;]{6,256})",
        looks_like_secret,
        ignore_case=True,
    ),
    # Bitcoin's private keys for wallets
    Matcher(
        r"(?<![0-9A-Za-z])(?P<secret>5[HJK][1-9A-HJ-NP-Za-km-z]{49}|[KL][1-9A-HJ-NP-Za-km-z]{51})(?![0-9A-Za-z])",
        is_random_small,
    ),
    # Two columns of a tool: `secret_id    57ba…`
    Matcher(
        r"(?:secret_id|(?:client_|auth_|access_|session_|wrapping_|security_|api_|refresh_|root_)?token|(?:client|app|api|shared)_secret|(?:secret|access|private|api|unseal|recovery|encryption)_key|secret|password)[ ]{2,40}\|?[ ]{0,4}(?P<secret>[^\s|\"']{8,512})(?=[ ]{0,40}\|?[ ]{0,4}(?:$|[\r\n]|\\[rn]))",
        _is_cell,
        preceded=r"(?:^|[\r\n]|\\n)[ |]{0,8}",
    ),
)

KEYS_BY_WORD_POSITIVES = (
    ("HLS auth ok GUEK=7A11D0C3E5F60718293A4B5C6D7E8F90", "7A11D0C3E5F60718293A4B5C6D7E8F90"),
    ('{"AppSKey": "0C11D0C3E5F60718293A4B5C6D7E8F90"}', "0C11D0C3E5F60718293A4B5C6D7E8F90"),
    ("hcitool: LTK = 0xf1e2d3c4b5a697887766554433221100", "f1e2d3c4b5a697887766554433221100"),
    ("tacacs server T1\n address ipv4 10.1.1.1\n timeout 5\n key 7 harborLight9", "harborLight9"),
    ("logged command:key 0 harborLight9", "harborLight9"),
    ('tac_plus: reading host { key = "north sea 44" }', "north sea 44"),
    ('password operator user-name "desk" plaintext Lantern-Row', "Lantern-Row"),
    ('{timeout = 3, ldap_passwd = 0x7ffe11 "open-water", port = 636}', "open-water"),
    ('auth failed, password => <<"open-water">>', "open-water"),
    ("slmgr.vbs -ipk N7QK2-44XTR-9ZB1C-PPLM3-8HJ5D", "N7QK2-44XTR-9ZB1C-PPLM3-8HJ5D"),
    ('<ProductKey>"W269N-0FGWX-YVC9B-4J6C9-T83GX"', "W269N-0FGWX-YVC9B-4J6C9-T83GX"),
    (
        "ffmpeg -f flv rtmp://live.example.tv/app/live_448812093_q8ZrT1mKx0Lw7Yc3VbN5",
        "live_448812093_q8ZrT1mKx0Lw7Yc3VbN5",
    ),
    ("OBS stream key: 9kd2-x7vq-03mm-tz1e-pp4a", "9kd2-x7vq-03mm-tz1e-pp4a"),
    ("app password: kqzv tlpm xrwb nhda", "kqzv tlpm xrwb nhda"),
    ("application password created: hT4k 9QzL m2Xv 77Bc pW0d Re5s", "hT4k 9QzL m2Xv 77Bc pW0d Re5s"),
    ("+sv_setsteamaccount 0D77E1A2B3C4D5E6F708192A3B4C5D6E +map x", "0D77E1A2B3C4D5E6F708192A3B4C5D6E"),
    (
        "403: access denied for token 5b1e0c7d9f2a4863b7c8d9e0f1a2b3c4d5e6f708",
        "5b1e0c7d9f2a4863b7c8d9e0f1a2b3c4d5e6f708",
    ),
    ("token 5b1e0c7d9f2a4863b7c8d9e0f1a2b3c4 is expired", "5b1e0c7d9f2a4863b7c8d9e0f1a2b3c4"),
    (
        "Key        Value\n---        -----\nsecret_id  8d1fa0c2-77be-4f19-9a30-5be1c2d3e4f5",
        "8d1fa0c2-77be-4f19-9a30-5be1c2d3e4f5",
    ),
)
KEYS_BY_WORD_NEGATIVES = (
    "OP=0 LTK missing, AppKey: 0011, MSK Moscow 2025, KEK check value 0A1B2C, key 7 of 12 pressed2, key 0 pressed",
    'radius server ISE-1\n address ipv4 10.20.1.5 auth-port 1812\n timeout 5, keepalived: key = "required", pw = 0x0, token = 0x55a1 <sym+4>',
    "secret_id_accessor    5675ddf3-07a3-45bf-ad17-4faa9e964cc0\nsecret_id_ttl         0s\ntoken   required\npassword    required   pam_unix.so",
    "stream key: orders-by-region, rtmp://live.example.tv/app/front-door-camera, stream_key=events_2025_03, app password must have your mail",
    "part no 4411A-22B10-00-7, serial number 2025-03-11, token count 12345678901234567890123456789012, bad token at 12",
    "object not found: key 9f86d081884c7d659a2feaa0c55ad015, invalid key 9f86d081884c7d659a2feaa0c55ad015 in cache, serial number: ABCDE-12345-FGHIJ-67890-KLMNO",
    'cache miss: key 9f8e7d6c5b4a39281706f5e4d3c2b1a0 evicted, password = <<"">>, plaintext protocol used, key plaintext required',
)
