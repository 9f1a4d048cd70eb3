"""Which names say that their value is a credential: of a field, as in text.

A name is read by its words, however they are joined: `STRIPE_SECRET_KEY_TEST`, `stripeSecretKeyTest` and
`stripe-secret-key-test` are one name. Words at the end that say which of several it is (`_prod`, `Old`, `_v2`) are no
part of it.
"""

import re
import unicodedata
from contextlib import suppress

import re2

_NAMES = """
password passwd pswd passphrase passcode pwd pass secret token credential credentials creds api_key api_token
api_secret auth_token auth_key access_key access_token access_key_secret refresh_token id_token session_token
bearer_token csrf_token xsrf_token client_secret client_key consumer_secret app_secret shared_secret secret_key
secret_access_key private_key private_key_pem ssh_key ssh_private_key signing_key signing_secret encryption_key
master_key account_key shared_access_key storage_key subscription_key hmac_key webhook_secret jwt bearer authorization
proxy_authorization www_authenticate cookie cookies set_cookie session_cookie connection_string conn_str dsn_password
community community_string snmp_community ro_community rw_community auth_passphrase priv_passphrase ssn
social_security_number social_security credit_card credit_card_number card_number cc_number cvv cvv2 cvc security_code
otp totp_secret mfa_secret recovery_code recovery_codes mnemonic seed_phrase pem pkcs12 keytab passwords tokens
secrets api_keys auth_cookie sid_token password_hash passwd_hash secret_key_base app_key license_key pre_shared_key
psk pw pin bindpw rootpw userpw adminpw jsessionid phpsessid read_community write_community rocommunity rwcommunity
trap_community community_name read_only_community read_write_community key_material private_key_data unseal_keys
recovery_keys backup_codes one_time_password one_time_code verification_code mfa_code otp_code sms_code tan puk
cc_cid cid_number cvn cvn2 card_verification_value card_verification_number
card_verification_code card_security_code pin_block bank_account_number bank_account_no bank_acct bank_acct_no
kontonummer konto_nr rekeningnummer numero_de_cuenta numero_de_compte clabe product_key guek gbek gak ltk irk
wsrep_sst_auth neo4j_auth registered_users basic_auth_users jenkins_crumb oauth_signature cb_access_sign
ok_access_sign kc_api_sign x_bapi_sign
authtok ldap_default_authtok x_honeycomb_team remember_me authorization_code
github_pat gitlab_pat personal_access_token sas_token
opc_value opc_key permanent_key permanent_key_value
secret_answer security_answer bgp_md5 tcp_md5
pass_key pin_code pincode wps_pin network_key unicode_pwd userpassword pass_hash passhash nt_hash lm_hash
"""
_SUFFIX_WORDS = """
password passwd pswd passphrase passcode pwd secret apikey apitoken authtoken accesstoken refreshtoken idtoken
sessiontoken bearertoken csrftoken secretkey privatekey accesskey encryptionkey signingkey masterkey accountkey
clientsecret communitystring communityname authorization setcookie
"""
_OTHER_LANGUAGES = """
passwort kennwort losungswort geheimnis zugangscode senha contraseña contrasena
mot_de_passe motdepasse mdp wachtwoord geheim_sleutel toegangscode palavra_passe
palavrapasse zugangskennung codigo_acceso code_acces hasło haslo heslo lösenord losenord
passord adgangskode kodeord salasana parola şifre sifre jelszó jelszo lozinka geslo
slaptažodis parool κωδικός пароль пассворд токен секрет 密码 密碼 口令 密钥 秘钥 密鑰 令牌 访问令牌 密匙 パスワード
暗証番号 秘密鍵 トークン 비밀번호 암호 토큰 סיסמה كلمة_المرور كلمة_السر पासवर्ड รหัสผ่าน mật_khẩu kata_sandi
"""
_KEY_WORDS = """
key keys sleutel schlüssel schluessel clé cle clave chave chiave klucz ключ nyckel nøgle anahtar avain
"""
_KEY_KINDS = """
authorization provisioning enrollment onboarding licence
api app access auth account admin client consumer crypto deploy encryption decryption hmac jwt license master private
secret session shared signing signature ssh storage webhook subscription vault aes integration publisher ingest
ingestion write validation machine activation unseal recovery wep wpa wifi service
tacacs radius md5 ospf bgp isis vrrp local device transaction security read secreta secrete secrète geheime
privada nwk network appkey apps nwks app_s nwk_s privée privata prywatny acceso acesso
"""
KEY_KINDS = tuple(_KEY_KINDS.split())
"""What makes a key a credential; `key` alone names nothing."""
_SYSTEM_WORDS = """
account admin amqp api app auth bmc basic bind cert client database db device email ftp host http idrac ilo imap ipmi
jenkins jks key keystore ldap login mail mongo mqtt my mysql new old pg pop3 postgres pppoe proxy rabbitmq radius
redis remote root router server service sip smb smtp snmp sql ssh ssl sudo svc switch tls truststore user usr vnc vpn
web wifi win wlan
"""
_STATE_WORDS = """
is has have no use uses with require requires needs allow show
"""
_STATES = frozenset(_STATE_WORDS.split())
_COUNTED = frozenset(
    [
        "last",
        "next",
        "prev",
        "page",
        "continuation",
        "max",
        "min",
        "num",
        "total",
        "count",
        "prompt",
        "completion",
        "input",
        "output",
        "pagination",
        "sync",
        "cursor",
        "special",
        "stop",
        "public",  # of an assembly in .NET: `publicKeyToken`
    ]
)
OF_A_MODEL = frozenset(("bos", "eos", "pad", "unk", "sep", "cls", "mask", "eot", "eom", "eod", "start", "end"))
"""A language model's special tokens, and the ends of a range of them: `bos_token`, `add_eos_token`."""
_MARKER = re.compile(
    r"[-+]?[0-9]{1,20}(?:,\s?[0-9]{1,20}){0,64}|true|false|null|none|</?[^<>\s]{1,40}>|\[[A-Za-z_]{1,12}\]",
    re.IGNORECASE,
)
"""What stands behind these: a number of the vocabulary, `</s>`, `[SEP]`."""
_TAILS = """
old new current previous prev original orig initial temp temporary tmp default backup bak copy primary secondary main
hash hashed base base64 b64 hex md5 sha1 sha256 value val plain plaintext clear cleartext confirm confirmation
confirmed repeat retype again verify encrypted enc encoded raw str string input entered supplied provided prod
production prd stage staging stg test testing tst dev devel development qa uat local live sandbox demo preview ci db
database sql mssql mysql mariadb oracle imap pop3
postgres pg redis mongo smtp mail ldap ftp ssh wifi wlan vpn root admin bazy alt neu ancien nouveau
nuevo herhaal herhaling herhalen wiederholen wiederholung bestätigung bestaetigung repetir confirmar
attempt attempted typed tried text
"""
TAILS = frozenset(_TAILS.split())
"""Words behind a name that say which of several it is, or how it is written."""

_HUMP = re.compile(r"(?<=[^\W\d_A-Z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_NO_WORD = re.compile(r"[\W_]+")
_NUMBER = re.compile(r"v?[0-9]{1,8}")
_VERSION = frozenset({"v", "ver", "no", "nr"})
_INVISIBLE = re.compile(r"[\u00ad\u200b-\u200f\u2060\ufeff\x00-\x08\x0b-\x1f\x7f-\x9f\ufffd]")


def words(name: str) -> list[str]:
    """Split a name into its words, in lower case: `X-Api-Key2` is `x`, `api`, `key2`."""
    if not name.isascii() or not name.isprintable():
        name = unicodedata.normalize("NFKC", _INVISIBLE.sub("", name))
    return [word for word in _NO_WORD.split(_HUMP.sub(" ", name).casefold()) if word]


def misread(word: str) -> list[str]:
    """Return how a word outside ASCII looks when its bytes were read in another encoding than they were written in."""
    looks = {re.sub(r"[^\x00-\x7f]", "\ufffd", word)}
    for written, read in (("utf-8", "latin-1"), ("utf-8", "cp1252"), ("cp1251", "latin-1"), ("cp1250", "latin-1")):
        with suppress(UnicodeError):
            looks.add(word.encode(written).decode(read))
    return sorted(looks - {word})


def _joined(listed: str) -> frozenset[str]:
    return frozenset("".join(words(name)) for name in listed.split())


_WHOLE = _joined(_NAMES) | _joined(_OTHER_LANGUAGES)
_ENDINGS = (*_SUFFIX_WORDS.split(), *(name for name in _joined(_OTHER_LANGUAGES) if len(name) > 2))  # noqa: PLR2004 - shorter ones end too many words
_OF_A_CARD_OR_PERSON = frozenset(["ssn", "cvv", "cvv2", "cvc", "cvc2"])
_KEYS = frozenset(_KEY_WORDS.split())
_BEFORE_KEY = frozenset(KEY_KINDS)
_BEFORE_PASS = tuple(_SYSTEM_WORDS.split())
_KEY_ENDINGS = tuple(f"{kind}{key}" for kind in KEY_KINDS for key in ("key", "keys"))


_MAY_SAY = re2.compile("|".join(map(re.escape, sorted({*_WHOLE, *_ENDINGS, *_KEYS, "token", "pass", "pw", "psk"}))))
"""Found in every name that says so, its words joined: 60,000 names of one event are not read word by word."""
_ASCII_JOINED = {code: None for code in range(128) if not chr(code).isalnum()}


def says_which(name: str) -> bool:
    """Tell whether a name only says which of several it is: a number, a version, an environment, an encoding."""
    return all(word in TAILS or _NUMBER.fullmatch(word) for word in words(name))


def says_credential(name: str) -> bool:
    """Tell whether a name says that its value is a credential, or a personal number."""
    if name.isascii() and not _MAY_SAY.search(name.translate(_ASCII_JOINED).lower()):
        return False
    read = words(name)
    if not read or read[0] in _STATES:
        return False
    if "".join(read) in _WHOLE or _is_core(read):
        return True
    stem = _without_tail(read)
    return stem != read and ("".join(stem) in _WHOLE or _is_core(stem))


def marks_tokens(name: str, value: str) -> bool:
    """Tell whether a field or a setting has one of a language model's special tokens, or an end of a range of them."""
    read = words(name)
    return len(read) > 1 and read[-1] in {"token", "tokens"} and read[-2] in OF_A_MODEL and is_marker(value)


def is_marker(value: str) -> bool:
    """Tell what marks something in a language model's text, or its number, from a secret."""
    return _MARKER.fullmatch(value) is not None


def _without_tail(read: list[str]) -> list[str]:
    """Leave out what says which of several it is: numbers, versions, environments, encodings."""
    end = len(read)
    while end > 1 and (read[end - 1] in TAILS or _NUMBER.fullmatch(read[end - 1]) or read[end - 1] in _VERSION):
        end -= 1
    last = read[end - 1]
    return [*read[: end - 1], last if last in TAILS else last.rstrip("0123456789") or last]


def _is_core(read: list[str]) -> bool:
    last, before = read[-1], read[:-1]
    if last in {"token", "tokens"} or (last.endswith("token") and len(last) > len("token")):
        return (len(read) > 1 or last not in {"token", "tokens"}) and read[0] not in _COUNTED
    if last in _KEYS:
        return bool(before) and before[-1] in _BEFORE_KEY
    if before and before[-1] in _KEYS and last in _BEFORE_KEY - {"session"}:
        # The other way round, as these languages put it: `clave_api`, `ключ_api`.
        return before[-1] not in {"key", "keys"}
    if last == "pass" or last in {"pw", "psk"}:
        return bool(before) and (last != "pass" or before[-1].endswith(_BEFORE_PASS))
    if last.endswith("pass"):
        return last[:-4] in _BEFORE_PASS
    joined = "".join(read)
    return last in _OF_A_CARD_OR_PERSON or last.endswith("bindpw") or joined.endswith(_ENDINGS) or last in _KEY_ENDINGS
