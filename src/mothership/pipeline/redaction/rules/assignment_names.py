"""Which names say that a secret is assigned to them: their stems, and what must stand before one."""
# ruff: noqa: E501 - an expression reads best in one piece

import re

from mothership.pipeline.redaction.credential_names import OF_A_MODEL, misread

# What may stand before the stem so that it names a secret. `key` alone names nothing.
_KEY_KINDS = (
    r"(?:api|application|app|access|auth|authorization|authentication|provisioning|enrollment|onboarding|bootstrap|licence|local|device|transaction|decrypt|encrypt|account|admin|client|consumer|crypto|deploy|encryption|decryption|hmac|jwt|license|master"
    r"|private|secret|session|shared|shared[-_. ]?access|signing|signature|ssh|storage|webhook|subscription|vault|aes"
    r"|integration|publisher|ingest(?:ion)?|write|pre[-_.]?shared|validation|machine|activation|unseal|recovery|wep|wpa|service)"
)
_KEY_BEFORE = rf"{_KEY_KINDS}[-_. ]?"
_PAGING_ENDS = ("next", "prev", "previous", "page", "continuation", "sync", "cursor", "resume", "watch", "key")
_PW_BEFORE = r"(?:^|[^a-z])(?:(?:admin|bind|db|ldap|root|user)[-_.]?)?"
CODE_BEFORE = r"(?:verification|security|auth(?:entication)?|one[- ]time|login|confirmation|2fa|mfa|recovery|backup|your|ihr|dein|votre|tu|su)[-_ ]"
NEEDS_BEFORE = {"key": _KEY_BEFORE, "code": CODE_BEFORE, "pw": _PW_BEFORE, "psk": _PW_BEFORE}
"""What must stand before a stem that names no secret by itself."""
_PAGING = re.compile(
    r"(?:next|prev|previous|page|continuation|sync|cursor|resume|watch|public ?key)[-_. ]?(?:page[-_. ]?)?\Z",
    re.IGNORECASE,
)
_EXISTING = re.compile(
    r"(?:existing|from)[-_]?\Z|(?-i:(?:^|[a-z.\s])[Pp]assword|External|Sealed)\Z|(?:mountable|image pull)\s\Z",
    re.IGNORECASE,
)
"""What makes of a secret the name of one that is kept elsewhere: Helm's `existingSecret`, `passwordSecretKey`."""
_LOADED = re.compile(r"(?:^|[^A-Za-z])Load\Z")
"""systemd's `LoadCredential=` names a file; `SetCredential=` holds what is secret."""
BEHIND_A_MODEL_WORD = re.compile(
    rf"(?:^|[^a-z])(?:{'|'.join(sorted(OF_A_MODEL | {'nl', 'lf'}))})[-_. ]?\Z", re.IGNORECASE
)
"""Where a language model's special token is named, or an end of a range of them."""
_OF_A_SECRET = re.compile(r"(?:existing|password)[-_]?secret[-_]?\Z", re.IGNORECASE)
_NO_BEFORE = re.compile(r"(?:^|[^a-z])no\Z", re.IGNORECASE)
FOREIGN = (
    "пароль",
    "密码",
    "密碼",
    "パスワード",
    "비밀번호",
    "wachtwoord",
    "lösenord",
    "hasło",
    "heslo",
    "parola",
    "şifre",
    "jelszó",
    "κωδικός",
    "סיסמה",
    "كلمة المرور",
    "كلمة السر",
    "mật khẩu",
    "kata sandi",
    "รหัสผ่าน",
    "पासवर्ड",
    "salasana",
    "passord",
    "adgangskode",
    "lozinka",
    "parool",
    "clave",
    "mdp",
    "passw",
    "psw",
    "palavra-passe",
    "口令",
    "motdepasse",
    "cleartext",
    "authtok",
    "pswd",
    "psswd",
    "pswrd",
    "psword",
    "psswrd",
    "pssword",
    "paswd",
    "paswrd",
    "pasword",
    "passwrd",
    "paasword",
)
"""The same in other languages; behind these only what can't be a word."""


def _misread(word: str) -> str:
    return "|".join(re.escape(look) for look in misread(word) if set(look) != {"\ufffd"})


STEMS = {
    "pass": r"pass(?:word|wd|[-_]?phrase|code|wort|)s?[0-9]?",
    "pwd": r"pwd[0-9]?",
    "secret": r"secrets?(?:[-_. ]?(?:access[-_. ]?)?key|[-_. ]?value|[-_. ]?string|[-_. ]?token)?",
    "token": r"token(?:[-_. ]?(?:value|secret))?",
    "key": r"keys?(?: [0-9])?",
    "credential": r"credentials?",
    "otp": r"otp(?:[-_ ]?code)?",
    "cvv": r"cvv2?",
    "cvc": r"cvc2?",
    "senha": r"senha",
    "contrase": rf"(?:contrase(?:ñ|n)a|{_misread('contraseña')})",
    "kennwort": r"kennwort",
    "mot de passe": r"mot de passe",
    "mot_de_passe": r"mot_de_passe",
    "auth_token": r"auth_token",
    "mnemonic": r"mnemonic",
    **{word: rf"(?:{word}|{_misread(word)})" if not word.isascii() else word for word in FOREIGN},
    "pw": r"pw",
    "psk": r"psk(?:value)?",
    "jwt": r"jwt",
    "bearer": r"bearer",
    "pin": r"pin",
    "code": r"code(?:\slautet|\sest|\ses)?",
    "csrf": r"csrf(?:middlewaretoken)?",
    "connection": r"connection[-_]?string",
}
PASSWORDS = frozenset(
    {"pass", "pwd", "pw", "psk", "senha", "contrase", "kennwort", "mot de passe", "mot_de_passe", "mnemonic"}
)
_SAID = """
id ids name names ref reference arn version versions type kind class algorithm algo alg method url uri link path file
dir folder policy rule rules length len min max minimum maximum count total size age at by on date time timestamp created
changed updated modified rotated rotation rotate issued expires expired expiry expiration exp ttl valid validity lifetime
status state mode provider issuer iss audience aud scope scopes owner host hostname server endpoint service manager
store storage engine backend source format encoding charset hint question label title description comment note error
errors code reason message request response result event action operation last next failed failure failures retries
reset recovery forgot forgotten required enabled disabled protected auth bucket limit rate usage used use uses budget
cost price prompt completion input output index offset position hash hashes fingerprint checksum digest md5 sha1 sha256
prefix suffix mask masked kid thumbprint public cache cached lookup generator validator handler middleware client
controller module component page form dialog screen view test tests spec template schema model table column group
encryption encryptor hashers hasher field fields param params env var variable
exchange refresh verify verification check checker session user username account email role grant token tokens key
"""
SAID_OF_SECRETS = frozenset(_SAID.split())
"""Words behind a stem under which stands what is said of a secret, or identifies it: `token_expires`, `secret_arn`."""
CODES = frozenset({"otp", "cvv", "cvc", "pin", "code"})


def _spelled(stem: str) -> str:
    return re.escape(stem) if stem.isascii() else f"{re.escape(stem)}|{_misread(stem)}"


_STEM = re.compile("|".join(f"(?P<_{number}>{_spelled(stem)})" for number, stem in enumerate(STEMS)), re.IGNORECASE)
_BY_GROUP = {f"_{number}": stem for number, stem in enumerate(STEMS)}


def stem_at(text: str, at: int) -> str:
    """Return the stem that begins here."""
    match = _STEM.match(text, at)
    return _BY_GROUP[match.lastgroup or ""] if match else ""


def may_name(text: str, at: int) -> bool:
    """Tell whether a stem begins here that names a secret."""
    stem = stem_at(text, at)
    return bool(stem) and _names(stem, text, at)


def _names(stem: str, text: str, at: int) -> bool:
    """Tell whether what stands before the stem lets it name a secret."""
    before = text[max(0, at - 24) : at]
    letter = before[-1:].isascii() and before[-1:].isalpha()
    if stem == "token":
        return not _ends(before, _PAGING_ENDS) or _PAGING.search(before) is None
    if stem in CODES or stem in {"jwt", "bearer"}:
        return not letter or (before[-1].islower() and text[at].isupper())
    if stem == "key" and _OF_A_SECRET.search(before):
        return False
    if stem == "credential" and _LOADED.search(before):
        return False
    if stem in {"secret", "credential"} and _EXISTING.search(before) and (before[-1:] != "d" or text[at] == "S"):
        return False
    # Not the name of one, `arn:aws:secretsmanager:eu-west-1:123456789012:secret:db`, and not sudo's `NOPASSWD: ALL`.
    return not (before.endswith(":") and before[-13:-1].isdigit()) and _NO_BEFORE.search(before) is None


def _ends(before: str, words: tuple[str, ...]) -> bool:
    """Tell quickly whether a search for words at the end may find one."""
    return before.lower().rstrip("-_. ").endswith(words) or not before.isascii()
