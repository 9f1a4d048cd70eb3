"""Which words stand for a secret, or for its absence, and which can only be the secret itself."""
# ruff: noqa: E501, PLR2004, RUF001 - an expression reads best in one piece, and these are the signs that people write

import re

_STATES = """
none null nil undef nullptr true false yes no undefined empty required missing invalid incorrect wrong expired expires failed failure
accepted ok changed reset set unset unknown redacted masked hidden removed string str char text object bool boolean int
integer optional disabled enabled n/a na never default mismatch anonymous on_create
"""
_PROSE = """
authentication prompt must should cannot can can't could is was has had have not for from user username the a an too does
doesn't field value policy policies please enter try access permission denied login auth error warning info check match
matches minimum at in on of to and or with without by attempt attempts verification validation verified valid updated
update rotation rotated created deleted found length strength unexpected unrecognized unsupported malformed always ask
file line env publickey keyboard-interactive password this that it its are be been will would may might files compat sss ldap dir nis winbind systemd all amd64 arm64 i386 armhf noarch x86_64
need needs too being passwords required. only also still already aging expiry chauthtok via option flag argument hashing verify
"""
_PLACEHOLDER_WORDS = frozenset(_STATES.split())
_WORDS = frozenset(_PROSE.split()) | _PLACEHOLDER_WORDS
_PLACEHOLDER = re.compile(
    r"[$#]\{[^}]{0,80}\}|\$\([^)]{0,80}\)?|\$[A-Z_][A-Z0-9_]{0,60}|\$[a-z_]{3,40}|\$[0-9]{1,2}|:[a-z]?[0-9]{1,2}|\?|\{\{.{0,80}|%\(?[\w]{0,40}\)?[sd]"
    r"|\$\{\w{1,60}:?\?[^}]{0,80}|\$\{\{.{0,80}|%(?:env|ENV)\([\w.:/-]{1,80}\)%|%[A-Z][A-Z_]{1,60}%|<%[=-]{0,2}(?:\s?[A-Z@][\w.@]{0,40}\b[^%]{0,80}[%>]{0,2})?"
    # What a vault, a template or an audit puts there: ciphertext, a YAML tag that fetches it, a keyed hash.
    r"|ENC\[(?:AES(?:128|256)_GCM|PKCS7).{0,4000}|!(?:vault|Ref|GetAtt|Sub|ImportValue|secret|reference|env|env_var|ENV|include)|hmac-sha256:[0-9a-f]{64}"
    # A null pointer; the next parameter behind an empty one in a camera's address; a language model's special tokens.
    r"|0x0{1,16}|_channel=[0-9].{0,80}|</?(?:s|pad|unk|mask|cls|sep|[be]os|eo[dpt]|(?:start|end)_of_[a-z]{1,12})>|<\|[a-z_]{1,40}\|>|\[(?:PAD|CLS|SEP|UNK|MASK)\]"
    # What a page of a manual or a file to be filled in has: `changeme-in-production`, `replace-with-your-own`, `sk-...`
    r"|(?i:(?:change|replace)[-_]?(?:me|this|it|with|in|by)(?:[-_][a-z]{1,12}){1,8}|(?:set|fill)[-_](?:me|this|in))|(?:[A-Za-z]{1,8}[-_]){1,3}(?:\.{3}|…|[xX]{8,64})"
    # Masked by somebody else: `XXX-REDACTED-XXX`, `# REDACTED #`; signs alone, as a parser names them: `=>`
    r"|[^A-Za-z0-9]{0,6}(?:[xX]{2,8}[^A-Za-z0-9]{1,2})?(?i:redacted|filtered|masked|hidden|omitted|scrubbed)(?:[^A-Za-z0-9]{1,2}[xX]{2,8})?[^A-Za-z0-9]{0,6}|[^\w\s]{1,2}"
    # What OpenSSL says instead; what Junos writes behind a secret.
    r"|error:[0-9A-F]{8}(?::.{0,200})?|## SECRET-DATA"
    r"|YOUR[-_][A-Z_-]{1,60}|VALUE_SPECIFIED_IN_NO_LOG_PARAMETER|[xX]{6,64}\w{0,6}|\$encrypted\$|[*xX•●∙.#_█-]{2,}|[\w-]{0,16}[*•●]{4,64}\w{0,6}|(?:[A-Za-z]{2,8}[-_]){0,2}(?:your|insert|enter|put)[-_ ](?:[a-zA-Z]{2,12}[-_ ]){0,5}(?:here|key|token|password|secret)|(?:[A-Za-z]{2,16}[-_]){0,4}placeholder|\.\.\.|[<\[({]{1,2}[>\])}]{0,2}"
)
# What may stand in brackets or behind a parameter's sign instead of a value: `<your password>`, `{user.password}`, `:pw`.
_WRAPPED = re.compile(r"(?P<in>[<\[({%]{1,3}\s?|[:@]{1,2})(?P<words>[A-Za-z][\w. -]{0,60})(?:![rsa])?[>\])}%@]{0,3}")
_VARIABLES = re.compile(r"(?:\$\{?\w{1,60}\}?:?){1,3}|\{\{?\s?[\w.]{1,60}\s?\}?\}|\$\(.{0,80}|`.{0,80}", re.DOTALL)
_HUMPS = re.compile(r"(?<=[a-z])(?=[A-Z])|[\s_.-]+")
_VOCABULARY_WORDS = """
password passwd pass pwd pw secret secrets token tokens key keys api apikey auth access refresh client your my new old
current db database user username root admin redacted filtered hidden masked secure sensitive private protected scrubbed
placeholder var variable param parameter example sample here insert change changeme generated encrypted hash hashed self
settings config options args data req request params form body omitted suppressed function native code promise buffer
credential credentials passphrase bearer jwt session id name vault keystore me fill replace create delete
"""
_VOCABULARY = frozenset(_VOCABULARY_WORDS.split()) | _WORDS | {""}
# What a program prints of an object: `Token{78af589 …`, `android.os.BinderProxy@2bd79ce`, `<Token object`.
OBJECT = re.compile(
    r"(?=[\w.$]{0,120}[a-z]{3})[A-Za-z_$][\w.$]{0,120}(?:\{.*|\(.*|@[0-9a-f]{5,16}\W*)|[a-z]{1,3}\([\w., ]{0,80}\)\W*",
    re.DOTALL,
)
# No token and no key: a version, a colour, a class with its module.
_PUBLIC = re.compile(
    r"[0-9]{1,4}(?:\.[0-9]{1,4}){0,3}|#[0-9A-Fa-f]{3,8}|[A-Za-z_]+(?:(?:\.|->|::)[A-Za-z_]+)+|(?:[A-Z][a-z]{2,}){2,}"
)
_NO_NAME_MIN = 12
NO_NAME = re.compile(r"[b-df-hj-np-tv-xz]{5}|[Qq](?!u)")
_VOWELS = re.compile(r"[AEIOUaeiou]")
# All in lower case: a secret of base64 may well begin with a slash.
PATH = re.compile(
    r"[a-z_-]{2,}(?:/[a-z][a-z_-]*){1,}/[a-z0-9._-]*|[~.]{0,2}/(?:[a-z][a-z0-9._-]*/)*[a-z0-9._-]*|[A-Za-z]:\\.{0,200}"
)
DIRECTORY = re.compile(r"[~.]{0,2}/[\w./~+-]*|[A-Za-z]:\\.{0,200}")
# Where a program gets a secret from: `process.env.DB_PASSWORD`, `var.db_password`, and `os.environ[` before its quote.
_REFERENCE = re.compile(
    r"(?:var|local|data|module|self|this|process\.env|os\.environ|settings|config|cfg|req|request|params|args|opts|options"
    r"|secrets|env|ctx|context|props|state)(?:\.[A-Za-z_]\w{0,60}){1,6}"
    r"|await|new|\(?(?:known|sensitive)|\$_?[A-Z]{2,20}\[.{0,80}|\$[A-Za-z_][\w.>:-]{1,60}|[A-Z][a-z]{2,11}-[A-Z][A-Za-z]{2,40}|env:\w{1,60}"
    r"|(?=[\w.$:>-]{0,80}[a-z]{3})[A-Za-z_$][\w$]{0,60}(?:(?:\.|::|->)[A-Za-z_$][\w$]{0,60}){1,8}(?:\(.{0,200}|\[.{0,80})"
    r"|[A-Z][a-z]{2,30}(?:[A-Z][a-z]{1,30}){0,4}(?:\(\w{1,30}=.{0,200}|\[)"
    r"|(?:Optional|Union|[Ll]ist|[Dd]ict|Callable|Type|type)\[.{0,80}|\\?undef"
)
_CALL = re.compile(
    r"(?:(?=get|env|ENV|config|fetch|read|load|input|prompt|param|request|\w{1,60}[?!]?\.))"
    r"[A-Za-z_$][\w$]{0,60}(?:[?!]?\.[A-Za-z_$][\w$]{0,60}){0,8}[?!]?\.?[\[(]+"
)
_APPLIED = re.compile(r"(?!md5|sha|crypt|password|hash)[a-z_]{3,40}(?:\.[a-z_]{2,40}){0,3}\([a-z_.]{1,60}\)?")
# A word with a digit in it that is no password: an algorithm, a version, a size.
_TECHNICAL = re.compile(
    r"(?:sha|md|scram|bcrypt|scrypt|pbkdf|argon|aes|des|rc|base|utf|pkcs|ssh|oauth|saml|https?/?|mysql|pam|ldap|ntlm|kerberos|krb|tls"
    r"|ssl|win|ipv|auth|mode|step|phase|attempt|type|level|ver|version|line|row|user|uid|id|pid|try|retry|no)"
    r"[-_]?v?[0-9]{1,5}[a-z0-9_.-]{0,12}|v[0-9]{1,5}(?:\.[0-9]{1,5}){1,3}(?:[-+][a-z0-9.-]{1,16})?|https?://.*|[a-z]{1,2}[0-9]{1,5}[a-z]?|0x.*|[0-9][0-9.,:/-]*(?:[a-z%]{1,5}|th|st|nd|rd)?|(?:[0-9]{1,3}\.){3}.*|.*[=(){}].*|.*@(?![0-9!#$%^&*+_-]{2,12}\Z).*",
    re.IGNORECASE | re.DOTALL,
)
_SIGNS = frozenset("!#$%^&*+")
# How long or how old one may be, where words have no blanks between them: `半角英数字8文字以上`, `90일마다`, `至少8位`.
_COUNTED_AS_TEXT = re.compile(
    r"[^A-Za-z]*?[0-9]{1,3}\s?(?:[-–~〜～至到から]{1,2}[0-9]{1,3}\s?)?"
    r"(?:文字|字|桁|位|個|个|日|天|分|秒|時間|小时|小時|か月|ヶ月|个月|個月|年|回|次|자|글자|일|개|분|초|시간|회|번)[^A-Za-z]*"
)
_CAMEL = re.compile(r"(?:[A-Z]++|[A-Z]?[a-z]{2,}+)++|[A-Z][a-z]+")
_MANUAL_WORDS = """
password passwd pass pwd secret key token string value prompt none null hidden masked redacted encrypted hash level type
default required optional missing invalid failed failure for from with was is has not and or the unset set changed
expired removed added chain generate rsa usage name id host address timeout server source version config enable disable
active inactive yes no true false option options via argument arguments parameter parameters flag flags instead must should can will when where to in on by authentication encryption prompt complexity history
recovery reset change expiry rotation manager policy protection length file this it you your
"""
_MANUAL = frozenset(_MANUAL_WORDS.split())
# What a program says of a password that it didn't take: nothing but words for that, and small figures.
_MESSAGE_WORDS = """
a an and as at be been between by can can't cannot character characters choose common confirmation contain contains data
different digit digits does doesn't don't empty ensure enter entirely equal expected field fields from given greater has
have in is it least leak length less letter letters long longer lower lowercase match maximum minimum more most must new
no not null number numbers numeric of one only or password passwords please provided received required secret short
shorter should similar size special string strong symbol symbols than that the their this to token too undefined upper
uppercase username valid value values was weak with you your blank invalid missing
"""
_MESSAGE = frozenset(_MESSAGE_WORDS.split())
_SAYS_OF = frozenset(
    [
        "be",
        "been",
        "can't",
        "cannot",
        "contain",
        "does",
        "doesn't",
        "ensure",
        "enter",
        "is",
        "must",
        "required",
        "should",
        "too",
        "was",
    ]
)
MESSAGE_CHARACTERS_MAX = 160
"""Longer is no sentence about a password."""
_NEXT_IN_LIST = re.compile(r"\\*[\"']\s?,\s?\\*[\"']")


def is_message(value: str) -> bool:
    """Tell whether a value is a sentence about a password, such as `must be at least 12 characters`."""
    words = [word.strip(".,:;!()").lower().replace("\u2019", "'") for word in value.split()]
    return (
        len(words) > 1
        and not _SAYS_OF.isdisjoint(words)
        and all(word in _MESSAGE or (word.isdigit() and len(word) < 4) for word in words if word)
    )


def is_placeholder(value: str, *, quoted: bool = False) -> bool:
    """Tell whether a value says nothing: a state, a placeholder, and unless quoted a word of a sentence."""
    word = value.lower().rstrip(".,:;!?")
    if not value or word in (_PLACEHOLDER_WORDS if quoted else _WORDS) or _PLACEHOLDER.fullmatch(value):
        return True
    if len(value) <= MESSAGE_CHARACTERS_MAX and " " in value and is_message(value):
        return True
    wrapped = _WRAPPED.fullmatch(value)
    return wrapped is not None and says_words(wrapped["words"])


def is_written_out(value: str) -> bool:
    """Tell a value from what stands for one: asterisks, a placeholder, a variable, another one's mark."""
    return (
        not is_placeholder(value, quoted=True)
        and _VARIABLES.fullmatch(value) is None
        and not value.startswith("[REDACTED")
    )


def is_placeholder_list(text: str) -> bool:
    """Tell whether each of the texts of a list, without its first and last quotation mark, stands for one."""
    return all(is_placeholder(each, quoted=True) for each in _NEXT_IN_LIST.split(text))


def is_placeholder_word(value: str) -> bool:
    """Tell whether a value is a word for a state, such as `null` or `required`, or what stands for one."""
    word = value.lower().rstrip(".,:;!?)]}")
    if value.startswith(("0x0", "_channel=")) and _PLACEHOLDER.fullmatch(word):
        return True
    return word in _PLACEHOLDER_WORDS or (len(word) == 1 and word.isdigit())


def is_public(value: str) -> bool:
    """Tell whether a value is no token and no key, but a version, a colour, or the name of a class.

    Letters by chance look like a name such as `TokenProvider` once in ten thousand times. Nine in ten of these have
    five consonants in a row, a `q` without its `u`, or less than a quarter of vowels; of 16,000 names of classes, 3 %.
    """
    if not _PUBLIC.fullmatch(value):
        return False
    if len(value) < _NO_NAME_MIN or not value.isalpha():
        return True
    return not NO_NAME.search(value) and 4 * len(_VOWELS.findall(value)) >= len(value)


def says_words(text: str) -> bool:
    """Tell whether a text is made of words for a secret, or for its absence."""
    return all(word in _VOCABULARY for word in _HUMPS.split(text.strip(" -_.").lower() if text.isupper() else text))


def is_random(value: str) -> bool:
    """Tell whether a word after a colon looks made by chance rather than written by a person."""
    if len(value) < 6:
        return False
    digit = any("0" <= char <= "9" for char in value)
    mixed = any(char.islower() for char in value) and any(char.isupper() for char in value[1:])
    return digit or len(value) >= 16 or (mixed and len(value) >= 10)


def is_reference(value: str, following: str) -> bool:
    """Tell whether a program's text says where the secret comes from."""
    return (following in {'"', "'", "\\", ")", ""} and _CALL.fullmatch(value) is not None) or (
        _REFERENCE.fullmatch(value) is not None or _APPLIED.fullmatch(value) is not None
    )


UNLIKE_WORDS = "[0-9A-Z!#$%^&*+\x80-\U0010ffff]"
"""Of these one stands in everything that `looks_like_secret` takes."""


def looks_like_secret(value: str) -> bool:
    """Tell whether a word that stands behind `password` without a sign can be one: letters, and digits or signs."""
    word = value.rstrip(".,:;!?)]")
    if len(word) < 5 or not any(char.isalpha() for char in word):
        return False
    digit = any("0" <= char <= "9" for char in word)
    signs = not _SIGNS.isdisjoint(word[1:])
    # Where letters have no two cases, as in Japanese or Thai, a word of ten is a sentence.
    cased = word.lower() != word.upper()
    jumbled = len(word) >= 10 and cased and not word.islower() and word.isalpha() and not _CAMEL.fullmatch(word)
    return (
        (digit or signs or jumbled)
        and not _TECHNICAL.fullmatch(word)
        and not PATH.fullmatch(word)
        and not is_placeholder(word)
        and (word.isascii() or _COUNTED_AS_TEXT.fullmatch(word) is None)
    )


def is_jumbled_word(text: str) -> bool:
    """Tell a key that stands in a sentence: long, and of letters and digits."""
    return len(text) >= 12 and looks_like_secret(text)


def is_no_word(text: str) -> bool:
    """Tell whether what follows an option or a key word may be a secret: not another word of the manual."""
    plain = text.lower().strip("[]().:,;")
    return (
        plain not in _MANUAL
        and not is_placeholder(plain)
        and not text.startswith(("-", "/", "<", "$", "%", "*", "[", "## "))
    )
