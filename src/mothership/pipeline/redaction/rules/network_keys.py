"""Shared keys in what routers, access points and servers say of them, where the key word alone would say too little."""
# ruff: noqa: E501, RUF001 - an expression reads best in one piece

from mothership.pipeline.redaction.rules.rule import QUOTE, WORD, Matcher
from mothership.pipeline.redaction.rules.sentence_grammar import OPEN, VALUE, is_quoted_password
from mothership.pipeline.redaction.rules.vocabulary import (
    UNLIKE_WORDS,
    is_no_word,
    is_written_out,
    looks_like_secret,
    says_words,
)

_CIPHER = r"(?:(?:[0-9]{1,3}|plain|cipher|simple|text|ascii|hex|encrypted|clear|clear-text|key)\s{1,4}){0,3}"


def _is_key(text: str) -> bool:
    return is_no_word(text) and is_written_out(text) and not says_words(text)


_OF_WIRELESS = (
    r"(?:(?:clé|clave|chiave|klucz|klíč)\s(?:wpa2?|wi-?fi|wep)(?:\s(?!est|es|is)\S{1,16}){0,3}\s?[:：]|暗号化キー\s?[:：]|무선\s?암호\s?[:：]"
    r"|netzwerkschl(?:ü|ue)ssel\s(?:geändert\s(?:in|auf)|lautet|ist|:))\s{0,2}"
)

NETWORK_KEYS = (
    Matcher(
        rf"{_OF_WIRELESS}(?P<secret>[0-9]{{4}}(?:\s[0-9]{{4}}){{3,7}}|(?=[^\s]{{0,62}}[0-9@#$%&])[^\s\"'<>]{{8,63}})(?=[.,;]?\s|[.,;]?$|[\"'])",
        ignore_case=True,
        unicode=True,
    ),
    Matcher(
        rf"(?<![A-Za-z])(?:wpakey|wepkey|shadowpw|l2tp-secret|pptp-secret|pre-?shared-secret|failover\skey|(?:radius|tacacs\+?|ldap)_(?:auth_|acct_)?(?:secret|key)|eigrp\skey|rip\sauthentication\sstring|authentication\ssimple-password|(?:isis|area|domain|ldp|tunnel|hsrp|neighbor|peer)-?\s?(?:md5\s)?password|nhrp\sauthentication|key\s(?:authentication|accounting)|sentinel\sauth-pass\s\S{{1,64}}|snmpusm\s[^\r\n]{{0,60}}?passwd)\s{{1,4}}{_CIPHER}{WORD}",
        _is_key,
        ignore_case=True,
    ),
    # `mgmt-user kim root …`, `server 10.0.0.1 auth port 1812 secret …`, `nt-encrypted …`
    Matcher(rf"mgmt-user\s[\w.@-]{{1,64}}\s[a-z][\w-]{{2,24}}\s{{1,4}}{WORD}(?=\s{{0,4}}(?:$|[\r\n]))", _is_key),
    Matcher(rf"(?:auth|acct|accounting|authentication)[- ]port\s[0-9]{{1,5}}\s(?:[^\r\n]{{0,40}}?\s)?(?:secret|key)\s{{1,4}}{_CIPHER}{WORD}", _is_key, ignore_case=True, parted=False),
    Matcher(r"nt-encrypted\s(?P<secret>[0-9a-f]{32})(?![0-9A-Za-z])", ignore_case=True),
    Matcher(rf"snmpusm\s[^\r\n]{{0,60}}?passwd\s\S{{1,64}}\s{{1,4}}{WORD}", _is_key),
    Matcher(rf"(?:advskew|vhid)\s[0-9]{{1,3}}\s(?:[^\r\n]{{0,40}}?\s)?pass\s{WORD}", _is_key, parted=False),
    Matcher(
        rf"authentication-mode\s(?:md5|simple|hmac-\w{{3,8}}|keychain|sha\w{{0,4}})\s{_CIPHER}{WORD}(?=\s{{0,4}}(?:$|[\r\n]))",
        _is_key,
        ignore_case=True,
    ),
    Matcher(
        rf"(?:authentication\smd5\s[0-9]{{1,3}}\skey|authentication-key\s[0-9]{{1,5}}\s(?:hmac-[\w-]{{3,12}}|sha[0-9-]{{1,6}}|cmac-[\w-]{{3,12}})|type\s(?:md5|sha\w{{0,6}})\svalue)\s{{1,4}}{_CIPHER}{WORD}",
        _is_key,
        ignore_case=True,
    ),
    Matcher(
        rf"(?:server-private|radius(?:-|\s)server|tac_plus|tacplus-server|NAS|client|aaa)(?::|\s)[^\r\n]{{0,60}}?\s(?:key|secret)\s?(?:=\s?)?{QUOTE}?(?P<secret>[^\s\"'\\;{{}}]{{4,128}})",
        lambda text: _is_key(text) and text.lower() not in {"store", "manager", "exchange", "size", "type", "file", "management", "is", "was", "for"},
        parted=False,
    ),
    Matcher(rf"(?:ipsec|vpn|access|system|psk)\s[^\r\n]{{0,100}}?\ssecret\s{{1,4}}(?P<q>{QUOTE})(?P<secret>[^\"'\\\r\n]{{4,256}})(?P=q)", is_written_out, parted=False),
    Matcher(rf"set\s[^\r\n]{{0,100}}?(?:radius|tacplus|tacacs|ldap)\w{{0,3}}-server\s\S{{1,64}}\ssecret\s{{1,4}}{WORD}", _is_key, parted=False),
    # `PSK for site 4 is …`, `shared secret for AP1: …`, `preshared key '…'`, `psk mismatch: got "…"`
    Matcher(
        rf"(?<![A-Za-z])(?:psk|shared\ssecret|pre-?\s?shared\s(?:key|secret)|(?:wi-?fi|wlan|wpa[23]?|network|netwerk|guest)[\s-](?:key|password|passphrase|schl(?:ü|ue)ssel|sleutel)|cl(?:é|e)\s(?:de\ssécurité\s)?(?:wi-?fi|wpa)|ssid\s\S{{1,32}}\s(?:key|pass|pw))(?:\s(?:for|of|on|at|voor|für|pour|to|in)\s[^\r\n:=]{{1,40}}?(?:\s(?:is|was|now|ist|est|changed\sto|set\sto)|\s?[:=])|(?:\s(?:is|was|now|ist|est|mismatch:?\sgot|changed\sto|set\sto)|\s?[:=]){{0,2}})\s{{1,2}}{OPEN}{VALUE}",
        looks_like_secret,
        ignore_case=True,
        unicode=True,
        secret_has=UNLIKE_WORDS,
    ),
    Matcher(
        rf"(?<![A-Za-z])(?:psk|shared\ssecret|pre-?\s?shared\s(?:key|secret))(?:\s(?:for|of|on|at)\s[^\r\n:=\"']{{1,40}}?)?(?:\s(?:is|was|mismatch:?\sgot|set\sto)|\s?[:=])?\s{{1,2}}(?P<q>{QUOTE})(?P<secret>[^\"'\\\r\n]{{4,128}})(?P=q)",
        lambda text: is_written_out(text) and not says_words(text),
        ignore_case=True,
    ),
    Matcher(rf"loaded\s(?:ike|eap|xauth|psk|ntlm)\ssecret\s{QUOTE}?[\w.@-]{{1,64}}{QUOTE}?\s{VALUE}", is_quoted_password),
    Matcher(r":\s(?:RSA|ECDSA|PKCS12|P12)\s[\w./-]{1,128}\s{1,4}\"(?P<secret>[^\"\r\n]{3,128})\""),
    Matcher(r"(?:racoon|psk\.txt|psk)[^\r\n]{0,24}?:\s[0-9]{1,3}(?:\.[0-9]{1,3}){3}\s{1,4}(?P<secret>[^\s\"']{6,128})(?=\s{0,4}(?:$|[\r\n]))", _is_key),
    Matcher(r"(?<![A-Za-z])(?:cak|icak|sak)\s{1,4}(?:[0-9]\s{1,4})?(?P<secret>[0-9a-fA-F]{32,64})(?![0-9A-Za-z])"),
    Matcher(r"SSID[12]?\s[^\r\n;]{1,40};?\s(?:Backlog\s)?Password[12]?\s{1,2}(?P<secret>[^\s;\"']{4,64})", _is_key, ignore_case=True, parted=False),
    Matcher(r"set-key\s(?:ascii|hex)\s(?![0-9]\s)(?P<secret>[^\s\"']{8,64})", _is_key, ignore_case=True),
    Matcher(r"iwconfig\s\S{1,16}\skey\s(?P<secret>[0-9A-Fa-f]{2,4}(?:-?[0-9A-Fa-f]{2,4}){2,12})(?![\w-])"),
    Matcher(r"node\.session\.auth\.password(?:_in)?\s{1,2}-v\s{1,2}(?P<secret>[^\s\"']{3,128})"),
    Matcher(r"(?<![A-Za-z/])rcon\s(?!(?:from|command|password|login|connection|server|client|port|enabled|is|not|bind)\b)(?P<secret>[^\s\"'\\:;,]{4,64})\s(?=[a-z]{3,24}(?:[\s\"'\\]|$))"),
    Matcher(r"(?:[Nn]ick|NICK)[Ss][Ee]?[Rr]?[Vv]\s?:?\s?:?(?:identify|IDENTIFY|register|REGISTER|ghost|GHOST\s\S{1,32}|release|RELEASE\s\S{1,32})\s{1,2}(?P<secret>[^\s\"'\\]{4,64})(?=\s{0,2}(?:$|[\r\n\"'])|\s\S{1,64}@)", _is_key),
    Matcher(r"(?<![A-Za-z])JOIN\s[#&][\w-]{1,48}\s(?!:)(?P<secret>[^\s,\"']{4,64})(?=\s{0,2}(?:$|[\r\n\"]))", looks_like_secret),
    Matcher(r"LOGIN\s\{[0-9]{1,3}\+?\}(?:\r?\n|\\r\\n|\\n)[^\r\n\\]{1,64}\s\{[0-9]{1,3}\+?\}(?:\r?\n|\\r\\n|\\n)(?P<secret>[^\s\\]{3,128})"),
    Matcher(rf"(?<![\w-])(?:imaplib\.login|\.\slogin|AUTH\sdefault)\s(?:[A-Za-z][\w.@-]{{0,40}}\s)?{QUOTE}?(?P<secret>[^\s\"'\\]{{6,128}})(?=\s{{0,2}}(?:$|[\r\n\"']))", is_quoted_password),
    Matcher(rf"https?://[^\s\"']{{1,200}}\s{{1,4}}{QUOTE}[\w.@-]{{1,64}}{QUOTE}\s{{1,4}}{QUOTE}(?P<secret>[^\"'\\\r\n]{{4,128}}){QUOTE}\s{{0,4}}(?:$|[\r\n#])", is_written_out),
    Matcher(r"(?:davfs\d?|secrets?)\W{1,4}https?://\S{1,200}\s{1,4}[A-Za-z][\w.@-]{0,63}\s{1,4}(?P<secret>[^\s\"']{4,128})(?=\s{0,4}(?:$|[\r\n#]))", is_written_out),
)  # fmt: skip

NETWORK_KEYS_POSITIVES = (
    ("Clé WPA de la Livebox : tvkwq-rnm4@bskqp-xz", "tvkwq-rnm4@bskqp-xz"),
    ("WLAN-Netzwerkschlüssel geändert in 4410 2207 9918 0304 7712", "9918 0304"),
    ("暗号化キー: qz44tvk0wbn", "qz44tvk0wbn"),
    ("nwid Home wpakey molenwiek", "molenwiek"),
    ("ip rip authentication string molenwiek", "molenwiek"),
    ("mgmt-user kim root molenwiek", "molenwiek"),
    ("radius_server 10.0.0.1 auth port 1812 secret molenwiek", "molenwiek"),
    ("username kim nt-encrypted 8846f7eaee8fb117ad06bdd830b7586c", "8846f7eaee8fb117ad06bdd830b7586c"),
    ("isis authentication-mode md5 plain molenwiek", "molenwiek"),
    ("ntp authentication-key 1 hmac-sha2-256 molenwiek", "molenwiek"),
    ('set protocols ospf area 0 interface ge-0/0/0 authentication md5 1 key "molenwiek"', "molenwiek"),
    ("advskew 100 pass molenwiek", "molenwiek"),
    (" server-private 10.0.0.1 key molenwiek", "molenwiek"),
    ('NAS 10.0.0.1 secret "molenwiek"', "molenwiek"),
    ("set system radius-server 10.0.0.1 secret molen-wiek", "molen-wiek"),
    ("PSK for site Utrecht is Kaas2041", "Kaas2041"),
    ('pre shared key mismatch: got "molenwiek"', "molenwiek"),
    ("ssid guest key Kaas2041", "Kaas2041"),
    (': RSA site.pem "molenwiek"', "molenwiek"),
    ("psk.txt: 10.0.0.1 molenwiek", "molenwiek"),
    ("macsec: cak 9f3c1a77e0b24d58a6c1f0e39b7d24c8", "9f3c1a77e0b24d58a6c1f0e39b7d24c8"),
    ("SSID1 Home Password1 molenwiek", "molenwiek"),
    ("iscsiadm -m node -o update -n node.session.auth.password -v molenwiek", "molenwiek"),
    ('RCON from 10.0.0.1: command "rcon molenwiek status"', "molenwiek"),
    ("/msg NickServ IDENTIFY molenwiek", "molenwiek"),
    ("NickServ: IDENTIFY molenwiek", "molenwiek"),
    ("JOIN #ops Kaas2041", "Kaas2041"),
    ("AUTH default Kaas#2041", "Kaas#2041"),
    ("sentinel auth-pass mymaster molenwiek", "molenwiek"),
    ('https://dav.example.org/x "kim" "molenwiek"', "molenwiek"),
)
NETWORK_KEYS_NEGATIVES = (
    "mgmt-user kim root, mgmt-user localauth-disable, auth port 1812 acct port 1813, auth port 1812 secret is not set, nt-encrypted password",
    "authentication-mode md5 keychain, key authentication failed, tunnel password required, area password not set, eigrp key chain",
    "radius server R1 up, client 10.0.0.1 up, aaa key is missing, psk mismatch for client, PSK for site Utrecht is missing",
    "wifi password changed, shared secret for AP1 not found, ssid guest key rotated, network key is required, rcon from 10.0.0.1, rcon password wrong",
    "lost connection after AUTH from unknown[10.0.0.4], JOIN #ops, JOIN #ops :hello there2, NickServ: This nickname is registered, AUTH default failed, set key ascii text, iwconfig wlan0 key off",
    "cak expired, SSID1 Home; connected, loaded ike secret 'a' from file, neighbor password mismatch, ldp password not configured",
)
