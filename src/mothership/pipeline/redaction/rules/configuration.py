"""The rule for passwords behind a key word: the configuration of devices and servers."""
# ruff: noqa: E501 - an expression reads best in one piece

import re

from mothership.pipeline.redaction.rules.logged_settings import (
    LOGGED_SETTINGS,
    LOGGED_SETTINGS_NEGATIVES,
    LOGGED_SETTINGS_POSITIVES,
)
from mothership.pipeline.redaction.rules.markup import MARKED_UP, MARKED_UP_NEGATIVES, MARKED_UP_POSITIVES
from mothership.pipeline.redaction.rules.network_keys import (
    NETWORK_KEYS,
    NETWORK_KEYS_NEGATIVES,
    NETWORK_KEYS_POSITIVES,
)
from mothership.pipeline.redaction.rules.rule import IN_LINE, QUOTE, WORD, Matcher, Rule
from mothership.pipeline.redaction.rules.vocabulary import (
    UNLIKE_WORDS,
    is_no_word,
    is_random,
    is_written_out,
    looks_like_secret,
)

_KIND = (
    r"(?:(?:(?:level|type)\s[0-9]{1,2}|[0-9]{1,3}|cipher|simple|irreversible-cipher|encrypted|hash|ENC|ascii(?:-text)?|hexadecimal|hex"
    r"|plain(?:-?text)?|clear(?:-?text)?|text|REG_[A-Z]{2,9}|algorithm-type\s\w{3,8}\s(?:secret|password)|ikev[12]|address\s\S{3,40}\s(?:\S{3,40}\s)?key|aes|tkip|pass-?phrase|psk|key|md5|hmac-sha-?[0-9]{1,3}|cmac-aes-[0-9]{1,3}|local|remote)\s{1,4})"
)
_LAST_WORD = rf"{WORD}(?=[\\\"']{{0,3}}\s{{0,4}}(?:$|[\r\n]|\\[rn]))"
_NAMED = r"(?:passw(?:or)?d|passphrase|secret|token|api[-_]?key|access[-_]?key|private[-_]?key)"
_STRONG = (
    *(
        "requirepass",
        "masterauth",
        "bindpw",
        "bindpasswd",
        "rootpw",
        "key-string",
        "pre-shared-key",
        "authentication-key",
    ),
    *(
        "psksecret",
        "wpa-psk",
        "encrypted-password",
        "masteruser",
        "shared-key",
        "plain-text-password",
        "pass-phrase",
        "sae-password",
    ),
    *(
        "auth_pass",
        "plain-text-password-value",
        "ascii-text",
        "wpa-passphrase",
        "sae_password",
        "set_network [0-9] psk",
    ),
)
_WORDS = re.compile(r"(?:[A-Z]++|[A-Z]?[a-z]{2,}+|[0-9]{1,4}+|[_/+~-])++")
_OWNER = (
    r"(?:enable|(?:user(?:name)?|local-user|neighbor|peer)\s{1,4}\S{1,64}|ip\s(?:ftp|http\sclient)|(?:ppp\s)?(?:chap|pap(?:\ssent-username\s\S{1,64})?)|super|account\s\S{1,64})"
    r"\s{1,4}(?:privilege\s[0-9]{1,2}\s{1,4})?(?:algorithm-type\s\S{3,10}\s{1,4})?(?:password|passwd|secret|pass|passw|pwd)\s{1,4}"
)


def _is_value(text: str) -> bool:
    """Tell a token or a key from the name of one: `db-x2x7q` is a name."""
    mixed = any(map(str.isupper, text)) and any(map(str.islower, text))
    return len(text) >= (8 if mixed else 20) and "://" not in text and looks_like_secret(text)


def _is_token(text: str) -> bool:
    """Tell a long token that stands behind its name from a file, a class, a digest or a name."""
    kinds = (str.isupper, str.islower, str.isdigit)
    return all(any(map(kind, text)) for kind in kinds) and not _WORDS.fullmatch(text) and "://" not in text


def _is_ciphered(text: str) -> bool:
    """Tell a password from the name of a cipher and other words: by a digit or a sign, and a letter."""
    word = text.rstrip(".,:;)")
    plain = word.replace("-", "").replace("_", "")
    return not plain.isalpha() and any(map(str.isalpha, plain)) and (looks_like_secret(word) or not plain.isalnum())


def _is_ntp_key(text: str) -> bool:
    """Tell a key behind its algorithm from a file's name or a word: hexadecimal digits by pairs, or what is no word."""
    return re.fullmatch(r"(?:[0-9a-fA-F]{2}){8,64}", text) is not None or looks_like_secret(text)


CONFIG_PASSWORD = Rule(
    name="config_password",
    description="Passwords behind a key word in the configuration of devices and servers (`enable password …`, "
    "`requirepass`, `key-string`, `tacacs-server key`, `neighbor … password`, `standby 1 authentication …`, `psksecret`, "
    "`ENV API_TOKEN …`); behind a bare `password` only what can't be a word of a sentence.",
    source="Cisco IOS and ASA, Junos, VRP, FortiOS, HAProxy, Redis, Dockerfile and Terraform configuration",
    matchers=(
        Matcher(
            rf"(?:{'|'.join(_STRONG)})(?:{QUOTE})?\s{{1,4}}{_KIND}{{0,3}}{WORD}",
            is_no_word,
            ignore_case=True,
        ),
        *(
            Matcher(
                rf"{_OWNER}{_KIND}{{0,3}}{word}",
                valid,
                ignore_case=True,
            )
            for word, valid in ((WORD, looks_like_secret), (_LAST_WORD, is_no_word))
        ),
        Matcher(
            rf"(?:standby|vrrp|glbp)\s(?:[0-9]{{1,4}}\s)?authentication\s(?:text\s|md5\skey-string\s(?:[0-9]\s)?)?(?!md5|key-|mode)(?:[0-9]\s)?{WORD}",
            is_no_word,
            ignore_case=True,
        ),
        Matcher(
            rf"(?:tacacs|radius|aaa-server)(?:-server)?\s(?:[^\r\n]{{0,120}}?(?:\s|\r?\n\s{{1,4}}))?key\s{{1,4}}(?:[0-9]\s{{1,2}})?{WORD}",
            is_no_word,
            ignore_case=True,
        ),
        Matcher(rf"isakmp\skey\s{{1,4}}(?:[0-9]\s{{1,2}})?{WORD}", is_no_word, ignore_case=True),
        Matcher(
            rf"message-digest-key\s[0-9]{{1,3}}\s(?:encrypt\s)?md5\s(?:[0-9]\s)?{WORD}",
            is_no_word,
            ignore_case=True,
        ),
        # FortiOS writes `ENC` before whatever it has encrypted, with a key that everybody knows.
        Matcher(r"set\s{1,4}[a-z0-9-]{2,40}\s{1,4}ENC\s{1,4}(?P<secret>[^\s\"']{4,512})"),
        # Huawei, H3C: what stands behind these words goes to the next blank, whatever signs are in it.
        Matcher(
            r"(?:password|passwd|key|secret|(?:authentication|privacy|community)-?(?:mode|key)?\s{1,4}\S{1,16})\s{1,4}"
            r"(?:irreversible-cipher|cipher|simple)\s{1,4}(?P<secret>[^\s\"']{4,512})",
            _is_ciphered,
            ignore_case=True,
        ),
        # TACACS+: `login = cleartext "…"`
        Matcher(
            rf"(?:login|enable|pap|opap|chap|ms-chap|arap|global)\s{{0,8}}=\s{{0,8}}(?:cleartext|clear|des)\s{{1,4}}{WORD}",
            is_no_word,
            ignore_case=True,
        ),
        # Junos, of a change: `set: [system radius-server 10.0.0.1 secret] "…"`
        Matcher(
            rf"(?:passw(?:or)?d|passphrase|secret|psk|[a-z]-key|ascii-text)[\w-]{{0,16}}\]\s{{1,2}}{QUOTE}(?P<secret>[^\"'\\\r\n]{{1,256}})",
            is_no_word,
            ignore_case=True,
        ),
        # With dots to fill the line, as programs print their settings: `password........................"…"`
        Matcher(
            rf"(?:passw(?:or)?d|passphrase|secret|token|api-?key)\.{{4,80}}\s?{QUOTE}(?P<secret>[^\"'\\\r\n]{{1,256}})",
            is_written_out,
            ignore_case=True,
        ),
        Matcher(
            r"(?:passw(?:or)?d|passphrase|secret|token|api-?key)\.{4,80}\s?(?P<secret>[^\s\"'.\\]{5,256})",
            looks_like_secret,
            ignore_case=True,
        ),
        Matcher(
            rf"(?:password|passwd|passphrase|passwort|kennwort|wachtwoord|senha|plaintext|psk|secret\s{{1,4}}(?={_KIND}))\s{{0,4}}(?<=\s){_KIND}{{0,3}}{WORD}",
            looks_like_secret,
            secret_has=UNLIKE_WORDS,
            ignore_case=True,
        ),
        Matcher(
            rf"(?:setx?|env|arg|setenv|config|put)\s{{1,4}}(?:[^\s\"'=]{{1,40}}\s){{0,5}}(?:{QUOTE})?[^\s\"'\\=]{{0,80}}{_NAMED}[a-z0-9_]{{0,16}}(?:{QUOTE})?\s{{1,4}}{WORD}",
            _is_value,
            ignore_case=True,
        ),
        Matcher(
            rf"variable\s{QUOTE}[\w-]{{0,60}}{_NAMED}[\w-]{{0,16}}{QUOTE}\s\{{[^{{}}]{{0,300}}?\bdefault\s{{0,20}}=\s{{0,4}}{QUOTE}(?P<secret>[^\"\\\r\n]{{1,512}})",
            ignore_case=True,
        ),
        Matcher(
            rf"secret\s{{1,4}}(?:{QUOTE})?(?P<secret>[0-9A-Za-z+/]{{16,512}}={{0,2}})(?:{QUOTE})?\s{{0,2}};",
            is_random,
        ),
        Matcher(
            rf"(?:option\s(?:key|psk|sae_password)|wireless[\w.@\[\]-]{{0,60}}\.key=)\s{{0,2}}{QUOTE}(?P<secret>[^\"'\\\r\n]{{5,128}})",
        ),
        Matcher(
            r"(?:api[-_ ]?key|token|secret|login|bearer)\s{1,2}(?:[\"'(\[]|\\[\"'])?(?P<secret>[0-9A-Za-z_+/~-]{20,512}={0,2})(?![0-9A-Za-z_+/~=.-])",
            _is_token,
            ignore_case=True,
        ),
        Matcher(r"\b(?:PASSWORD|PASSPHRASE|PHRASE|PASS|PWD)\((?P<secret>[^\s()'\"]{3,128})\)", looks_like_secret),
        Matcher(rf"Key\sContent\s{{1,16}}:\s{{1,2}}(?P<secret>{IN_LINE}{{1,128}})"),
        Matcher(r"<keyMaterial>(?P<secret>[^<\r\n]{1,256})"),
        Matcher(rf"set-key\s(?:ascii|hex)\s[0-9]\s{WORD}", is_no_word, ignore_case=True),
        Matcher(r"WIFI:(?:[A-Z]:[^;\r\n]{0,64};){0,4}P:(?P<secret>(?:[^;\\\r\n]|\\.){1,128})"),
        Matcher(
            rf"(?:password|passwd|secret|key|psk)[\w-]{{0,16}}\]?\s{{0,2}}(?:<[\w ]{{1,24}}>|{QUOTE}[^\"'\\\r\n]{{1,256}}{QUOTE})\s?->\s?{QUOTE}(?P<secret>[^\"'\\\r\n]{{1,256}})",
            ignore_case=True,
        ),
        Matcher(
            rf"(?:password|passwd|secret|token|api_?key)(?![\w-]{{0,16}}(?:expir|ttl|policy|lifetime|created|updated|rotated))[\w-]{{0,16}}\s{{0,40}}[=:]\s{{0,4}}{QUOTE}[^\"'\\\r\n]{{0,256}}{QUOTE}\s?->\s?{QUOTE}(?P<secret>[^\"'\\\r\n]{{1,256}})",
            ignore_case=True,
        ),
        Matcher(
            r"(?:passw(?:or)?d|passphrase|secret|psk|psksecret|auth-?key)\[(?P<secret>[^\]\s*<>][^\]\r\n]{2,255})\]",
            looks_like_secret,
            ignore_case=True,
        ),
        # NUT: `MONITOR ups@host 1 user … primary`; ntp.keys and chrony.keys: `12 SHA1 …`
        Matcher(
            r"MONITOR\s{1,4}\S{1,64}@\S{1,128}\s{1,4}[0-9]{1,3}\s{1,4}\S{1,64}\s{1,4}\"?(?P<secret>[^\s\"]{2,128})\"?\s{1,4}(?:primary|secondary|master|slave)",
        ),
        Matcher(
            r"(?:M|MD5|SHA1|SHA256|SHA384|SHA512|AES128(?:CMAC)?|AES256)\s{1,4}(?:HEX:|ASCII:)?(?P<secret>[^\s\"':#]{8,256})(?=\s{0,8}(?:#|$|[\r\n]|\\[rn]|\"))",
            _is_ntp_key,
            preceded=r"(?:^|[\r\n]|\\n)\s{0,4}[0-9]{1,5}\s{1,4}",
        ),
        # CloudFormation: `{"ParameterKey": "DbPassword", "ParameterValue": "…"}`, `ParameterKey=DbPassword,ParameterValue=…`
        Matcher(
            rf"ParameterKey(?:{QUOTE})?\s?[=:]\s?(?:{QUOTE})?[\w.-]{{0,64}}(?:passw(?:or)?d|passphrase|secret|token|api_?key)\w{{0,16}}(?:{QUOTE})?\s?,\s{{0,24}}(?:{QUOTE})?ParameterValue(?:{QUOTE})?\s?[=:]\s?(?:{QUOTE})?(?P<secret>(?<=[\"'])[^\"'\r\n\\]{{3,512}}|[^\s\"',\\}}]{{3,512}})",
            is_written_out,
            ignore_case=True,
        ),
        Matcher(r"password\smismatch:?[^\r\n]{0,40}?given=(?P<secret>[^\s\"']{1,256})", ignore_case=True),
        Matcher(rf"password\b[^\r\n]{{0,80}}?\snew\svalue:\s{WORD}", is_no_word, ignore_case=True),
        *LOGGED_SETTINGS,
        *NETWORK_KEYS,
        *MARKED_UP,
    ),
    positives=(
        *LOGGED_SETTINGS_POSITIVES,
        *NETWORK_KEYS_POSITIVES,
        *MARKED_UP_POSITIVES,
        ("nut.conf: MONITOR rack2@10.1.1.9 1 monuser dieselgeur secondary", "dieselgeur"),
        ("7 SHA256 0b1c5e9a77d2f3486a0b1c5e9a77d2f3486a0b1c # shore", "0b1c5e9a77d2f3486a0b1c5e9a77d2f3486a0b1c"),
        ("3 MD5 Zeester_Anker9", "Zeester_Anker9"),
        ('[{"ParameterKey": "BrokerToken", "ParameterValue": "k2Lw8Qz1Xv7Tn4Rb"}]', "k2Lw8Qz1Xv7Tn4Rb"),
        (
            "--parameters ParameterKey=DbPassword,ParameterValue=Golfslag!7 ParameterKey=Size,ParameterValue=2",
            "Golfslag!7",
        ),
        ("HKLM\\SOFTWARE\\TightVNC\\Server Password REG_BINARY ACCA37EC7DC61179", "ACCA37EC7DC61179"),
        ("enable algorithm-type scrypt secret rh91WFrjxZPr7x", "rh91WFrjxZPr7x"),
        ("radius-server shared-key cipher PjUda1xmze5271VlP", "PjUda1xmze5271VlP"),
        ('set system root-authentication plain-text-password-value "crème-5811"', "crème-5811"),
        ("wlan security wpa2 psk pass-phrase zxcvASD865 aes", "zxcvASD865"),
        ("username bob pass 9eEju21b7T8xOR0ON privilege admin", "9eEju21b7T8xOR0ON"),
        ("Key Content            : tundra4626", "tundra4626"),
        ("set network ike gateway G authentication pre-shared-key key Tr4verse#19", "Tr4verse#19"),
        ("auth_pass k4PpaX21", "k4PpaX21"),
        ("set secret ENC mQ9vZ1l2pYw0Vt8uAAxx==", "mQ9vZ1l2pYw0Vt8uAAxx=="),
        ("local-user ops password irreversible-cipher $1c$8JkQ)x2V:$pZ!0", "$1c$8JkQ)x2V:$pZ!0"),
        ("usm-user v3 monu authentication-mode sha cipher Zu7$kk29pQ", "Zu7$kk29pQ"),
        ("primary authentication 10.2.2.2 key simple Gr4phite9", "Gr4phite9"),
        ('login = cleartext "B0xw00d12"', "B0xw00d12"),
        ('set: [system radius-server 10.3.3.3 secret] "Vq0tter88x"', "Vq0tter88x"),
        ('HikariConfig - password........................"Bl00mSbury"', "Bl00mSbury"),
        ("api-key.................. Bl00mSbury7", "Bl00mSbury7"),
        ("ICH408I ALTUSER DBAT01 PASSWORD(BWF8W631) NOEXPIRED", "BWF8W631"),
        ("Benutzer edi01, Kennwort Orchard.11x", "Orchard.11x"),
        ("<keyMaterial>51Raven0LkZ</keyMaterial>", "51Raven0LkZ"),
        ("security wpa psk set-key ascii 0 DfgVpwDEwULms2r0", "DfgVpwDEwULms2r0"),
        ("WIFI:T:WPA;S:Guest;P:raven7054;;", "raven7054"),
        ('set: [system login user oper plain-text-password-value] <unconfigured> -> "7aAWYDilRDZ"', "7aAWYDilRDZ"),
        ('~ master_password = "kkopzxvjz817" -> "v3lv3tGgJ5A"', "v3lv3tGgJ5A"),
        ('cfgattr="passwd[s4ffr0nm8Xrv]"', "s4ffr0nm8Xrv"),
        ("plain password mismatch: given=Tulpenveld60877", "Tulpenveld60877"),
        ("CONFIG SET requirepass hunter2", "hunter2"),
        ("tacacs-server key hunter2", "hunter2"),
        ("radius-server host 10.0.0.1 key 7 0822455D0A16", "0822455D0A16"),
        ("aaa-server RAD (inside) host 10.0.0.3\n key hunter2", "hunter2"),
        ("crypto isakmp key hunter2 address 10.0.0.1", "hunter2"),
        ("neighbor 10.0.0.1 password 7 0822455D0A16", "0822455D0A16"),
        ("key-string hunter2", "hunter2"),
        ("pre-shared-key hunter2", "hunter2"),
        ("enable password swordfish", "swordfish"),
        ("logged command:username bob secret swordfish", "swordfish"),
        ("username bob privilege 15 secret 0 hunter2", "hunter2"),
        ("ppp chap password 0 swordfish", "swordfish"),
        ("ip ftp password swordfish", "swordfish"),
        ("standby 1 authentication swordfish", "swordfish"),
        ("vrrp 10 authentication text swordfish", "swordfish"),
        ("standby 1 authentication md5 key-string 7 0822455D0A16", "0822455D0A16"),
        ("ntp authentication-key 1 md5 hunter2", "hunter2"),
        ("ip ospf message-digest-key 1 md5 hunter2", "hunter2"),
        ("super password level 3 cipher hunter2", "hunter2"),
        ("set passwd ENC Zm9vYmFyYmF6", "Zm9vYmFyYmF6"),
        ("set psksecret hunter2", "hunter2"),
        ("user admin insecure-password hunter2", "hunter2"),
        ("nmcli dev wifi connect home password hunter-2", "hunter-2"),
        ("ENV NPM_TOKEN aB3dEf9hIjK", "aB3dEf9hIjK"),
        ('key "x" { algorithm hmac-sha256; secret "aB3dEf9hIjKlMnOp=="; };', "aB3dEf9hIjKlMnOp"),
        ("option key 'swordfish'", "swordfish"),
        ("Incorrect API key aB3dEf9hIjKlMnOpQrSt used", "aB3dEf9hIjKlMnOpQrSt"),
        ('dotnet user-secrets set "Stripe:ApiKey" "aB3dEf9hIjK"', "aB3dEf9hIjK"),
        ('variable "db_password" {\n  default = "swordfish"\n}', "swordfish"),
        ("Password for the [elastic] user successfully reset. New value: hunter2", "hunter2"),
    ),
    negatives=(
        *LOGGED_SETTINGS_NEGATIVES,
        *NETWORK_KEYS_NEGATIVES,
        *MARKED_UP_NEGATIVES,
        'set system login user kim authentication encrypted-password "## SECRET-DATA", pre-shared-key "## SECRET-DATA"',
        "MONITOR ups@localhost 1 primary, MONITOR mode on eth0, 12 SHA1 mismatch, 4 MD5 checksum.txt, took 3 MD5 sums",
        '{"ParameterKey":"InstanceType","ParameterValue":"t3.medium"}, {"ParameterKey":"DbPassword","ParameterValue":"****"}',
        "requirepass is not set, usage: tool -password <password>",
        "radius-server host 10.0.0.1 auth-port 1812, radius: no key for server",
        "crypto key generate rsa, neighbor 10.0.0.1 remote-as 65000",
        "Failed password for root from 10.0.0.1 port 22 ssh2",
        'Compiling rpassword v7.3.1, -u $U:$PASSWORD https://h2.example, ~ token_expiry = "2025-04-01" -> "2025-05-01"',
        "locked; password status: initial, bad password; password age: 3",
        "password sha256, passphrase v2, password 5 times wrong, password 10.0.0.1, password 2026-11-24",
        "standby 1 authentication md5 key-chain HSRP, vrrp 10 preempt",
        "enable password encryption, service password-encryption, username bob privilege 15",
        "user bob password expired, user bob password change failed",
        "set token expiry 3600, set secret db-x2x7q deleted, config key path /etc/x9",
        "password (sha256=x), password user@host, [Set root password] ***",
        "invalid token UsernamePasswordAuthenticationToken123, secret web-token-9x2qz-db-x2x7q-0a1b2, token 0a1b2c3d4e5f60718293",
        "key cipher suites, password cipher aes256, key simple mode, password........ ok, secret.... none, login = local",
        "psk2 mode, passwd user1=x, password_policy v2, Password REG_SZ (value not set), user bob pass 2 of 3",
    ),
)
