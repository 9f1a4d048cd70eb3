"""Which field names say that their value is a credential."""

import pytest

from mothership.pipeline.redaction.credential_names import says_credential

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
