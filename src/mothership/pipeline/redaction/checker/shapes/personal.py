"""What unsafe looks like to the check: shapes of its own for every kind of secret that the rules cover.

They share no expression with the rules. A shape is plainer than its rule and asks for more: where a rule reads a value
by what stands around it, the shape wants a value that nobody would take for a word. What it finds is a failure of
redaction and not a matter of taste.
"""
# ruff: noqa: E501 - an expression reads best in one piece

from mothership.pipeline.redaction.checker import credential_validators, personal_validators, value_validators
from mothership.pipeline.redaction.checker.shape_scanner import forms

_MAIL = (
    r"[^\s@<>(),:;\[\]\\=](?:@|%40|\\+x40|\\+u0040|&#64;|&#x40;)[0-9A-Za-z\x{80}-\x{10ffff}]|=40[0-9A-Za-z-]+\.[A-Za-z]"
)
_DIGITS = (
    r"(?i)(?:card|pan|maestro)[^0-9a-z]{1,4}[0-9]{12}|[^0-9.](?:[2-6][0-9]{12,15}|1800[0-9]{11}|2131[0-9]{11}|3[0-9]{3}[ -][0-9]{6}[ -][0-9]{4,5}"
    r"|[2-6][0-9]{3}(?:_[0-9]{4}){2}_[0-9]{1,4}|[2-6][0-9]{3}(?:[ +-]{1,2}[0-9]{4}){2}[ +-]{1,2}[0-9]{1,4})[^0-9]"
)
_CALL = (
    r"(?i)(?:tele?fon|phone|fax|mobile?|cell|call(?:er(?:id(?:num)?)?|ing)?|wa_id|anruf von|ring|sms(?: sent)?(?: to)?|whatsapp|msisdn|dial(?:l?ed)?|ligue|sips?"
    r"|(?:[^a-z]|\\[nrt])tel)[\"'.:= <+\\]{1,9}(?:[a-z]+\\?\" <)?\(?[0-9][0-9 ()./-]{6}"
)
_WRITTEN = r"\([0-9]{2,4}\) ?[0-9]{3}|(?:[^0-9A-Za-z+.-]|\\[nrt])(?:0[1-9] [0-9]{2} [0-9]|0[0-9]{3} [0-9]{3} |06-[0-9]{4}|[2-9][0-9]{2}-[2-9][0-9]{2}-)"
_USERINFO = r":\\*/\\*/[^\s/\"'<>@]*@|[\s\"'=]//[^\s/\"'<>:]+:[^\s/@]+@|:(?i:thin):|@(?:tcp|unix|udp)\("
_HASHED = (
    r"\$(?:[15679y]|2[abxy]|gy|8|apr1|sha1|argon2|scrypt|pbkdf2)[a-z0-9-]*\$|(?i)(?:pbkdf2|scrypt|bcrypt|argon2)[a-z0-9_:]*\$"
    r"|\{(?:s?sha|smd5|md5|crypt|pbkdf2|x-issha)|scram-sha-[0-9]|:[0-9a-f]{32}:"
)
_IS = r"(?:[\"'\\\]]{1,4}|&quot;|\x1b\[[0-9;]{0,8}m)?\s{0,40}(?:=>|:=|===?|[:=])(?:\s|\\[nrt]){0,40}(?:[>|]-?(?:\s|\\[nrt]){1,40}|!!str )?[\[{<(]?(?:[bur]?[\"'\\]{1,4}|&quot;|&#34;|&apos;)?"
"""What stands between a name and its value."""

PERSONAL_AND_CREDENTIALS = (
    *forms(
        "e-mail address",
        "email",
        _MAIL,
        (
            r"[^\s@<>\"(),:;\[\]\\=]\"?(?:@|%40|\\x40|\\u0040|&#64;|&#x40;|=40)(?P<v>(?:[0-9A-Za-z\x{80}-\x{10ffff}-]{1,63}\.){1,5}[A-Za-z\x{80}-\x{10ffff}]{2,24})",
            personal_validators.mail_domain,
        ),
    ),
    *forms(
        "payment card",
        "credit_card",
        _DIGITS,
        (
            r"(?:^|[^0-9.])(?P<v>[1-6][0-9]{3}(?:[ _+-]{0,2}[0-9]{4}){2}(?:[ _+-]{0,2}[0-9]{1,7})|3[0-9]{3}[ -]?[0-9]{6}[ -]?[0-9]{4,5}|[1-6][0-9]{11,18})(?:$|[^0-9])",
            personal_validators.card,
        ),
    ),
    *forms(
        "social security number",
        "ssn",
        r"[0-9]{3}-[0-9]{2}-[0-9]{4}",
        (r"(?:^|[^0-9A-Za-z-])(?P<v>[0-8][0-9]{2}-[0-9]{2}-[0-9]{4})(?:$|[^0-9A-Za-z_-])", personal_validators.issued),
    ),
    *forms(
        "social security number",
        "ssn",
        r"(?i)(?:ssn|social.security)[^0-9\n]{1,20}[0-9]",
        (
            r"(?i)(?:\bssn|social.security(?:.(?:number|no))?)\W{1,5}(?P<v>[0-8][0-9]{2}[ -]?[0-9]{2}[ -]?[0-9]{4})(?:$|[^0-9])",
            personal_validators.issued,
        ),
    ),
    *forms(
        "bank account",
        "iban",
        r"(?:[^0-9A-Za-z-]|\\[nrt])[A-Za-z]{2}[0-9]{2} ?[0-9A-Za-z]{4} ?[0-9A-Za-z]{4} ?[0-9A-Za-z]{3}",
        (
            r"(?i)(?:^|[^0-9A-Za-z-])(?P<v>[a-z]{2}[0-9]{2}(?: ?[0-9a-z]{4}){2,7}(?: ?[0-9a-z]{1,4})?)(?:$|[^0-9A-Za-z])",
            personal_validators.account,
        ),
    ),
    *forms(
        "telephone number",
        "phone",
        r"(?:[^0-9A-Za-z+.]|\\[nrt])(?:\+[1-9][0-9 ./()-]{7}|00 ?[1-9][0-9]{0,2} [0-9]{1,4} [0-9]|00[1-9][0-9]{1,2} [0-9])",
        (
            r"(?:^|[^0-9A-Za-z+])(?P<v>(?:\+|00 ?)[1-9][0-9]{0,2}[ ./-]?(?:\(0?[0-9]{0,4}\)[ ./-]?)?[0-9](?:[ ./-]?[0-9]){6,12})(?:$|[^0-9])",
            personal_validators.phone,
        ),
    ),
    *forms(
        "telephone number",
        "phone",
        _WRITTEN,
        (
            r"(?:^|[^0-9A-Za-z+.-])(?P<v>\(0?[2-9]?[0-9]{1,3}\) ?(?:[0-9]{3,5}[ -][0-9]{4}|[0-9]{3}[ -][0-9]{2}[ -][0-9]{2}))(?:$|[^0-9])",
            None,
        ),
    ),
    *forms(
        "telephone number",
        "phone",
        _CALL,
        (
            r"(?i)(?:tel(?:e?phone|efon)?|phone|fax|mobile|mobil|cell|call(?:er(?:id(?:num)?)?|ing)?|wa_id|anruf von|ring|sms(?: sent)?(?: to)?|whatsapp|msisdn|dial(?:ed|led)?|ligue|sips?)[\"'.:= <+]{1,4}(?:\"?[a-z]{1,20}\" <)?(?P<v>\(?[0-9](?:[ ()./-]{0,3}[0-9]){6,14})(?:$|[^0-9])",
            personal_validators.near_phone,
        ),
    ),
    *forms(
        "telephone number",
        "phone",
        _WRITTEN,
        (
            r"(?:^|[^0-9A-Za-z+.-])(?P<v>0[1-9](?: [0-9]{2}){4}|0[0-9]{3} [0-9]{3} [0-9]{3}|06-[0-9]{8}|[2-9][0-9]{2}-[2-9][0-9]{2}-[0-9]{4})(?:$|[^0-9A-Za-z-])",
            personal_validators.written,
        ),
        (r"(?:^|[^0-9A-Za-z+.-])(?P<v>8 \([0-9]{3}\) [0-9]{3}-[0-9]{2}-[0-9]{2}|\([0-9]{3}\)[0-9]{3}-[0-9]{4})", None),
    ),
    *forms(
        "IPv4 address",
        "ipv4",
        r"[0-9]\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]",
        (
            r"(?:^|[^0-9.])(?P<v>[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3})(?:$|[^0-9.])",
            personal_validators.address,
        ),
    ),
    *forms(
        "IPv6 address",
        "ipv6",
        r"[0-9A-Fa-f]:[0-9A-Fa-f]{0,4}:",
        (
            r"(?i)(?:^|[^0-9a-z:])(?P<v>[0-9a-f]{1,4}(?::[0-9a-f]{0,4}){2,7})(?:$|[^0-9a-z:])",
            personal_validators.address,
        ),
    ),
    *forms(
        "MAC address",
        "mac",
        r"[0-9A-Fa-f]{2}[:-][0-9A-Fa-f]{2}[:-][0-9A-Fa-f]{2}[:-]|[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}\.[0-9A-Fa-f]",
        (
            r"(?i)(?:^|[^0-9a-z:-])(?P<v>[0-9a-f]{2}(?::[0-9a-f]{2}){5}|[0-9a-f]{2}(?:-[0-9a-f]{2}){5}|[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4})(?:$|[^0-9a-z:-])",
            None,
        ),
    ),
    *forms(
        "URL with a password",
        "url_credentials",
        _USERINFO,
        (r":\\{0,2}/\\{0,2}/[^\s/\"'<>:]{0,128}:(?P<v>[^\s/\"'<>]{2,})@", credential_validators.url_password),
        (r"(?:^|[\s\"'=])//[0-9A-Za-z._-]{1,64}:(?P<v>[^\s/\"'<>]{2,})@", credential_validators.url_password),
        (r"://(?P<v>[0-9A-Za-z_-]{8,})@", value_validators.made),
        (r"(?i)oracle:thin:[0-9a-z_]{1,64}/(?P<v>[^\s/@\"]{3,})@", value_validators.value),
        (r"[\s\"'=][0-9A-Za-z._-]{1,64}:(?P<v>[^\s/@\"':]{3,})@(?:tcp|unix|udp)\(", value_validators.value),
    ),
    *forms(
        "credentials of a header",
        "authorization",
        r"(?i)authorization[\"\'\\\]\s=:&]",
        (
            rf"(?i)authorization{_IS}(?:[a-z0-9-]{{3,20}}\s{{1,3}})?(?P<v>[0-9a-z._~+/=:-]{{6,}})",
            value_validators.header,
        ),
    ),
    *forms(
        "credentials of a header",
        "authorization",
        r"(?i)bearer[\s:=]",
        (r"(?i)\bbearer[\s:=]{1,3}(?P<v>[0-9a-z._~+/-]{16,})", value_validators.made),
    ),
    *forms(
        "credentials of a header",
        "authorization",
        r"(?i)digest",
        (r"(?i)\bdigest\b[^\n]{0,300}\bresponse=\"?(?P<v>[0-9a-f]{32})", None),
    ),
    *forms(
        "credentials of a header",
        "authorization",
        r"(?i)basic\s",
        (r"(?i)\bbasic\s{1,3}(?P<v>[0-9a-z+/]{8,}={0,2})", credential_validators.basic),
    ),
    *forms(
        "JSON Web Token",
        "jwt",
        r"eyJ[0-9A-Za-z_-]{5}",
        (r"(?:^|[^0-9A-Za-z])eyJ[0-9A-Za-z_-]{5,}\.(?P<v>eyJ[0-9A-Za-z_-]{4,}\.)", None),
        (r"(?:^|[^0-9A-Za-z])eyJ(?:hbGci|0eXAi|lbmMi|raWQi)[0-9A-Za-z_-]{6,}\.(?P<v>[0-9A-Za-z_-]{16,})\.", None),
    ),
    *forms(
        "private key",
        "private_key",
        r"PRIVATE KEY|AGE-SECRET-KEY|Private-Lines",
        (
            r"BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-{3,5}(?:\s|\\[nr]){0,6}(?:[A-Z][0-9A-Za-z-]{1,20}: [^\n]{0,80}\n\s*){0,4}(?P<v>[0-9A-Za-z+/=]{12})",
            None,
        ),
        (r"(?:^|[^0-9A-Za-z])AGE-SECRET-KEY-1[0-9A-Z]{20}|Private-Lines: [0-9]+\s{1,4}[0-9A-Za-z+/=]{16}", None),
    ),
    *forms(
        "key of a connection",
        "connection_string",
        r"(?i)(?:accountkey|accesskey|[^a-z]sig|signature|credential|security-token)[=:]|hooks\.slack|webhook",
        (r"(?i)(?:Account|SharedAccess|Access)Key=(?P<v>[0-9a-z+/%=_-]{16,})", value_validators.made),
        (
            r"(?i)(?:[?&;\"\s]sig|X-Amz-(?:Signature|Credential|Security-Token)|SharedAccessSignature)[=:]{1,2}\s?(?P<v>[0-9a-z+/%=_.-]{16,})",
            value_validators.made,
        ),
    ),
    *forms(
        "key of a connection",
        "connection_string",
        r"(?i)(?:accountkey|accesskey|[^a-z]sig|x-amz-[sc]|accesssignature)[=:]|hooks\.slack|webhook",
        (
            r"(?i)(?:hooks\.slack\.com/(?:services|workflows)|discord(?:app)?\.com/api/webhooks|webhook\.office\.com/webhookb2)/(?P<v>[0-9a-z/@_-]{20,})",
            None,
        ),
    ),
    *forms(
        "hash of a password",
        "password_hash",
        _HASHED,
        (
            r"\$(?:[156y]|2[abxy]|gy|7|apr1|argon2(?:id?|d)|scrypt|pbkdf2[a-z0-9-]{0,12}|sha1|8)\$(?P<v>[0-9A-Za-z./,=$+-]{16,})",
            value_validators.mixed,
        ),
        (r"\$9\$(?P<v>[0-9A-Za-z./-]{8,})", value_validators.made),
        (
            r"(?i)(?:pbkdf2|pbkdf2_sha256|pbkdf2_sha512|scrypt|bcrypt_sha256|argon2)(?::[a-z0-9:]{1,20})?\$(?P<v>[0-9a-z./+=$]{20,})",
            value_validators.mixed,
        ),
        (
            r"(?i)\{(?:s?sha(?:256|512)?|smd5|md5|crypt|pbkdf2[a-z0-9-]{0,8}|x-issha[^}]{0,20})\}(?P<v>[0-9a-z+/=$.]{20,})",
            value_validators.mixed,
        ),
        (r"SCRAM-SHA-(?:1|256|512)\$[0-9]+:(?P<v>[0-9A-Za-z+/=]{8,})\$", None),
        (r"(?i):[0-9]{1,10}:(?P<v>[0-9a-f]{32}:[0-9a-f]{32}):::", None),
    ),
    *forms(
        "session",
        "session_cookie",
        r"(?i)cookie2?[\"'\\]*:|(?:sess(?:ion)?[-_]?(?:id)?|[^a-z]sid|aspxauth)[\"'\\]*\s?[:=]\s?[\"'\\]*(?:[a-z]+[._~%+/-]*[0-9]|[0-9._]+[a-z%~+/-])",
        (r"(?i)(?:^|[^0-9a-z_])(?:set-)?cookie2?[\"']?:\s?[\"']?(?P<v>[^\n\"]{8,})", credential_validators.cookie),
        (
            r"(?i)(?:^|[^0-9a-z])(?:(?:j|php|asp|cf|laravel_|ci_|aspnet_|asp\.net_|wordpress_|django_|rack\.|connect\.|_)?sess(?:ion)?[-_]?(?:id)?|jsessionid|connect\.sid|sid|aspxauth)[\"']?\s?[:=]\s?[\"']?(?P<v>[0-9a-z%._~+/-]{10,})",
            credential_validators.session,
        ),
    ),
    *forms(
        "session",
        "session_cookie",
        r"(?i)session[_a-z0-9-]*[= ]|set_cookie|auth\\*\"\s?:",
        (r"(?i)session[_a-z0-9-]{0,40}[= ]\"?(?P<v>[0-9a-z_]{16,})", credential_validators.session),
        (r"(?i)set_cookie[ =]\"?[a-z_]{1,40}=(?P<v>[0-9a-z_-]{12,})", credential_validators.session),
        (r"(?i)auth\\*\"\s?:\s?\\*\"(?P<v>[0-9a-f]{32})", None),
    ),
    *forms(
        "bot token",
        "telegram_token",
        r"[0-9]:AA[0-9A-Za-z_-]{6}",
        (r"(?:^|[^0-9])[0-9]{8,10}:(?P<v>AA[0-9A-Za-z_-]{33})", None),
    ),
    *forms(
        "secret access key",
        "aws_key",
        r"A[KSBC][IC]A[0-9A-Z]{8}",
        (r"(?:^|[^0-9A-Za-z])(?P<v>(?:AKIA|ASIA|ABIA|ACCA)[0-9A-Z]{16})", credential_validators.not_filled),
    ),
    *forms(
        "secret access key",
        "aws_key",
        r"(?i)aws",
        (
            r"(?i)aws.{0,40}?(?-i:(?:^|[^0-9A-Za-z+/])(?P<v>[0-9A-Za-z+/]{40})(?:$|[^0-9A-Za-z+/=]))",
            value_validators.mixed,
        ),
    ),
    *forms(
        "client secret",
        "azure_key",
        r"[78]Q~",
        (r"(?:^|[^0-9A-Za-z])(?P<v>[0-9A-Za-z]{3}[78]Q~[0-9A-Za-z_.~-]{30,})", None),
    ),
    *forms(
        "account key",
        "azure_key",
        r"(?:\+ASt|AIoT|ACDb|AzSe|\+ARm|AzFu|AAbA)",
        (r"[0-9A-Za-z+/]{60,}(?:\+ASt|AIoT|ACDb|AzSe|\+ARm|AzFu|AAbA)[0-9A-Za-z+/=]{6,}", None),
    ),
)
