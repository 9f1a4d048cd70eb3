"""What a secret looks like to the check in the sentences of people, in programs' source and in addresses."""
# ruff: noqa: E501 - an expression reads best in one piece

from mothership.pipeline.redaction.checker import credential_validators, value_validators
from mothership.pipeline.redaction.checker.shape_scanner import forms

_CODE = (
    r"(?:verification code|bestätigungscode|verificatiecode|code de vérification|código de verificación|kod weryfikacyjny"
    r"|код подтверждения|验证码|passkey|puk|pin ?code|code pin|türcode|one-time[- ]password|recovery code|wps_pin|\+cpin)"
)
_FOREIGN = (
    r"(?:kennwort|mot de passe|contraseña|пароль|密码|cl(?:é|ave de) api|passphrase|wachtwoord|hasło|senha"
    r"|api[- ]?(?:密钥|schlüssel|sleutel))"
)
_SAYS = r"(?: lautet| est| es| ist| is| —|是| ?:)"
_CALL = (
    r"(?:credential[\])]*(?:::new)?\(|passwordtoken\(|setpassword\(|addlogin |ldap_bind\(|getconnection\(|dbi->connect\(|redis\.auth\("
    r"|auth=\(|strcpy\([a-z.]*password|wifi\.begin\(|password\.equals\(|secret\(|password ?=+ ?[a-z.]+ ?[?|])"
)

PROSE = (
    *forms(
        "one-time code",
        "one_time_code",
        rf"(?i){_CODE}|[0-9]{{4}} is your ",
        (rf"(?i){_CODE}[^0-9\n]{{0,28}}?(?P<v>[0-9]{{4,8}})(?:$|[^0-9])", value_validators.code),
        (rf"(?i){_CODE}[ :]{{1,3}}(?P<v>[0-9a-z]{{4,8}}-[0-9a-z]{{4,8}})", value_validators.made),
        (r"(?i)(?:^|[^0-9])(?P<v>[0-9]{4,8}) is your [a-z ]{0,30}(?:code|otp|pin)", None),
    ),
    *forms(
        "password",
        "sentence",
        r"(?i)kennwort|passwort|wachtwoord|schlüssel",
        (r"(?i)(?:kennwort|passwort|wachtwoord)\s?(?P<v>[„“«][^„“”«»\n]{4,80})[“”»]", value_validators.quoted),
        (r"(?i)schlüssel: ?(?P<v>[0-9]{12,63})", None),
    ),
    *forms(
        "password",
        "sentence",
        rf"(?i){_FOREIGN}|passwor[dt]{_SAYS}",
        (rf"(?i)(?:{_FOREIGN}[^\n]{{0,40}}?|passwor[dt]){_SAYS} ?[\"']?(?P<v>[^\s\"',;]{{6,}})", value_validators.made),
    ),
    *forms(
        "password",
        "code_credential",
        rf"(?i){_CALL}|[\"'] ?===? ?password|(?:secret|key|token|password|pass|pwd)(?: ?\|\| ?| ?: ?&?[a-z]+ ?= ?| as [a-z]+ ?= ?)\\*[\"']",
        (
            r"(?i)(?:secret|key|token|password|pass|pwd)(?: ?\|\| ?| ?: ?&?[a-z]{1,10} ?= ?| as [a-z]{1,10} ?= ?)(?P<v>[\"'][^\"'\n]{5,}[\"'])",
            value_validators.quoted,
        ),
        (rf"(?i){_CALL}(?P<v>[^\n]{{4,200}})", value_validators.quoted),
        (r"(?i)(?P<v>[\"'][^\"'\n]{5,}[\"']) ?===? ?password", value_validators.quoted),
    ),
    *forms(
        "key in an address",
        "url_parameter",
        r"(?i)[?&](?:key|appid|code|auth|apikey|app_?key)=[0-9a-z_-]{16}|\.login=[0-9a-f]{16}|\"kty\\*\":|unseal key",
        (r"(?i)[?&](?:key|appid|code|auth|apikey|app_?key)=(?P<v>[0-9a-z_-]{16,})", value_validators.made),
        (r"(?i)\.login=(?P<v>[0-9a-f]{32,})", value_validators.made),
        (r"(?i)unseal[^\n]{0,40} key=(?P<v>[0-9a-z+/]{20,})", value_validators.mixed),
        (r"(?i)\"kty\":[^\n]{0,300}\"d\": ?\"(?P<v>[0-9a-z_-]{12,})\"", value_validators.made),
    ),
    *forms(
        "hash of a password",
        "password_hash",
        r"(?i)krb5[a-z]+\$|ntlm ?: ?[0-9a-f]{8}|setuser |keytab \(0x|:[0-9a-f]{32}:\[",
        (r"(?i)\$krb5[a-z]{2,8}\$[0-9]{1,2}\$[^\s$]{3,200}\$(?P<v>[0-9a-f]{16,})", None),
        (
            r"(?i)ntlm ?: ?(?P<v>[0-9a-f]{32})|setuser \S{1,40}[^\n]{0,60}#(?P<w>[0-9a-f]{64})|keytab \(0x(?P<x>[0-9a-f]{32})|:(?P<y>[0-9a-f]{32}):\[",
            None,
        ),
    ),
    *forms(
        "session",
        "session_cookie",
        r"NSC_[A-Za-z0-9]{2}|MYSAPSSO2=|(?i)--cookie |jsessionid value=|-b '",
        (r"(?:NSC_[A-Za-z0-9]{2,30}|MYSAPSSO2)=(?P<v>[^\s;\"'\[]{16,})", None),
        (r"(?i)(?:--cookie [\"']?|-b ')(?P<v>[^\"'\n]{8,})", credential_validators.cookie),
        (r"(?i)jsessionid value=(?P<v>[^\s\"']{10,})", value_validators.made),
    ),
    *forms(
        "password",
        "config_password",
        r"(?i)key content|keymaterial>|set-key |wifi:[^\s]*p:|given=|passwd\[|(?:password|passphrase)-value|passphrase for ",
        (
            r"(?i)(?:key content\s{0,30}:\s?|keymaterial>|set-key ascii [0-9] |wifi:[^\s]{0,80}p:|given=|passwd\[)(?P<v>[^\s<;\]]{6,})",
            value_validators.made,
        ),
        (r"(?i)(?:password|passphrase)-value\][^\n]{0,40}\"(?P<v>[^\"\n]{6,})\"", value_validators.made),
        (r"(?i)passphrase for [^\s:]{1,80}: ?(?P<v>[^\s\"']{6,})", value_validators.made),
    ),
    *forms(
        "SNMP community",
        "snmp_community",
        r"authCommunity |C=\\*\"|SNMP_COMMUNITY\}|(?i)community \\*\"|community / ",
        (
            r"authCommunity [^\s]{1,60} (?P<v>[^\s\"]{5,})|C=\"(?P<w>[^\"\s]{4,60})\" Get|SNMP_COMMUNITY\}[ =>\"]{1,6}(?P<x>[^\s\"]{5,})",
            None,
        ),
        (r"(?i)community (?:/ [^\n]{0,40}set name )?\"(?P<v>[^\"\n]{5,60})\"", value_validators.any_made),
    ),
    *forms(
        "password",
        "device_password",
        r"(?i)sshpass -p|--user [^\s:]+:['\"\\]",
        (r"(?i)(?:sshpass -p ?|--user [^\s:]{1,64}:)[\"'](?P<v>[^\"'\n]{4,80})[\"']", None),
    ),
    *forms(
        "password",
        "encoded_credential",
        r"UGFzc3dvcmQ6|(?i)password><value>|(?:userpassword|unicodepwd)::|-enc(?:odedcommand)? |samlresponse=|xoauth2|authenticate ",
        (r"(?i)(?:userpassword|unicodepwd):: ?(?P<v>[0-9a-z+/]{8,}={0,2})", value_validators.mixed),
        (r"(?i)-enc(?:odedcommand)? {1,3}(?P<v>[0-9a-z+/]{20,}={0,2})", value_validators.mixed),
        (
            r"(?i)(?:samlresponse=|xoauth2[a-z ]{0,20}:? ?|authenticate )(?P<v>[0-9a-z+/]{20,}={0,2})",
            value_validators.mixed,
        ),
        (r"UGFzc3dvcmQ6[^\n]{0,6} (?P<v>[0-9A-Za-z+/]{6,}={0,2})", value_validators.mixed),
        (r"(?i)password><value>(?P<v>[0-9a-z+/=]{8,})", value_validators.mixed),
    ),
)
