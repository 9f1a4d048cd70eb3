"""Which field names say that their value is a credential."""

from collections.abc import Callable

import pytest

from mothership.event import Batch
from mothership.pipeline.redaction.credential_names import says_credential
from mothership.pipeline.redaction.redaction import Redaction

CREDENTIALS = """
X-Vault-Token PRIVATE-TOKEN JOB-TOKEN X-Amz-Security-Token X-Auth-Key Ocp-Apim-Subscription-Key X-Api-Key passwordOld
newPassword unseal_key recovery_key password_prod API_KEY_PROD api_key_v2 STRIPE_SECRET_KEY_TEST keystorePass sslPass
smtp_pass DB_PASS PSWD db_password oauthClientSecret apikey_staging ldap_bindpw pwd_md5 password1 userPassword mfa_code
wachtwoord hasło haslo_bazy пароль 密码 パスワード
비밀번호 lösenord parola geheimnis WLAN_Kennwort senha contraseña clave_api
api_sleutel cle_secrete ключ_api 访问令牌 password_hash authtoken x_access_token pass\x00word pass\u200bword
PrimarySSN cc_cvv cc_cid BANK_ACCT Kontonummer AuthorizationKey mot_de_passe_sql productKey
NEO4J_AUTH CB-ACCESS-SIGN
"""
OTHERS = """
key keys primary_key partition_key public_key foreign_key sort_key cache_key routing_key key_id key_name bypass compass
passive passenger token_count max_tokens next_page_token total_tokens prompt_tokens sync_token password_policy
password_expires_at password_length has_password is_secret secretary secret_name token_type token_expiry pass_count
cookie_policy session_id tokenizer author authority cursor monkey turkey hotkey keypad access_log auth_method
api_version signing_alg client_id community_id secretsmanager username appid publicKeyToken
process_n assn cardCode bank_account stream_key product_id card_code_list series_code
sql_token_count authorization_status
"""


@pytest.mark.parametrize("name", CREDENTIALS.split())
def test_a_name_is_read_by_its_words(name: str) -> None:
    """However they are joined, in whatever language, and whatever stands behind them."""
    assert says_credential(name)


@pytest.mark.parametrize("name", OTHERS.split())
def test_a_name_that_only_sounds_like_one_is_left(name: str) -> None:
    """Keys of tables, counts, states, names."""
    assert not says_credential(name)


STEMS = "password passwd pwd passphrase secret client_secret access_token api_key apiKey private_key 密码 mot_de_passe"
WHICH = (
    "1 10 _1 _01 -007 _2024 2024 _20240101 _prod _v2 V2 _old Old _b64 _live _main_2 Value _value _plain _text _backup"
)
OWNED = "password passwd pwd passphrase secret client_secret access_token api_key private_key"
WHOSE = "_us_east_1 -eu _for_db _5g _gitlab .replica"
WRITTEN = (
    "{}=kqzt4wvX9r",
    "cfg {}: kqzt4wvX9r, ok",
    '{{"{}": "kqzt4wvX9r"}}',
    "{} = 'kqzt4wvX9r'",
    "<{0}>kqzt4wvX9r</{0}>",
)


@pytest.mark.parametrize("stem", STEMS.split())
def test_a_field_and_a_text_know_the_same_names(
    make: Callable[..., Redaction], through: Callable[..., Batch], stem: str
) -> None:
    """Whatever stands behind one to say which it is: `PASSWORD2024`, `token_v2`."""
    names = [f"{stem}{tail}" for tail in ("", *WHICH.split())]
    events = [{name: "kqzt4wvX9r"} for name in names]
    events += [{"message": each.format(name)} for name in names for each in WRITTEN]
    batch = through(make(), *events)
    assert [event for event in batch.events if "kqzt4wvX9r" in str(event)] == []


@pytest.mark.parametrize("stem", OWNED.split())
def test_in_a_text_a_name_may_say_whose_it_is(
    make: Callable[..., Redaction], through: Callable[..., Batch], stem: str
) -> None:
    """In any words, where the value looks like a secret; what is said of one stays."""
    texts = [each.format(f"{stem}{tail}") for tail in WHOSE.split() for each in WRITTEN]
    said = [f"{stem}{tail}=kqzt4wvX9r" for tail in ("_expires_at", ".id", "_policy_name")]
    batch = through(make(), *[{"message": text} for text in [*texts, *said]])
    assert [event for event in batch.events if "kqzt4wvX9r" in str(event)] == [{"message": text} for text in said]
