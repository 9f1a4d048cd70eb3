"""What a password looks like to the check, in the many places where one stands without being named alone."""
# ruff: noqa: E501, S608 - an expression reads best in one piece; one of them is about SQL, none is SQL

from mothership.pipeline.redaction.checker import credential_validators, value_validators
from mothership.pipeline.redaction.checker.shape_scanner import forms

_B = r"(?:^|[^0-9A-Za-z])"
"""Before a value."""
_E = r"(?:$|[^0-9A-Za-z])"
"""Behind a value: whatever ends a word, also the `.` and `?` of a sentence."""
_IS = r"(?:[\"'\\\]]{1,4}|&quot;|\x1b\[[0-9;]{0,8}m)?\s{0,40}(?:=>|:=|===?|[:=])(?:\s|\\[nrt]){0,40}(?:[>|]-?(?:\s|\\[nrt]){1,40}|!!str )?[\[{<(]?(?:[bur]?[\"'\\]{1,4}|&quot;|&#34;|&apos;)?"
"""What stands between a name and its value."""
_V = r"(?P<v>[^\s\"'\\,;&<>|(){}\[\]]{4,})"
_WORD = r"[\"'\\]{0,4}(?P<v>[^\s\"'\\,;&<>|(){}\[\]]{4,})"
_NAME = (
    r"(?:passw(?:or)?d|passphrase|passwd|pwd|secret|token|api[-_ ]?key|(?:access|account|private|secret|signing|encryption|master|app|license|auth)[-_ ]?key"
    r"|credentials?|(?:[_.-]|\b|ssh)pass|jwt|psk|bindpw|rootpw|userpw|otp|pin|cvc|cvv2?|kennwort|passwort|senha|contrase\S{1,2}a|mot[-_ ]de[-_ ]passe|wachtwoord|пароль|密码|パスワード)"
)
_TAIL = r"s?(?:[-_.]?(?:[0-9]{1,3}|prod|production|test|dev|staging|stage|live|old|new|value|attempt|plain|v[0-9]|confirm|confirmation|current|key))?"
"""What a name may have behind it."""
_COMMANDS = (
    r"(?:docker|podman|az login|redis-cli|valkey-cli|ldap\w{3,8}|smbclient|rpcclient|ipmitool|mosquitto_\w{3}|sqlcmd|bcp|plink|pscp|mysql\w{0,5}|mysqldump"
    r"|mariadb(?:-\w{1,8})?|mongo\w{0,7}|sshpass|7z|zip|lftp|openssl|keytool|nuget|splunk|curl|wget|schtasks|xfreerdp|rabbitmqctl"
    r"|htpasswd|influx|clickhouse-client|cqlsh|psql|kinit|snmp\w{2,8})"
)
_S = r"(?:\s|\\+[nrt]?)"
"""White space, as it is and as JSON writes it."""
_ASSIGNED = (
    rf"(?i){_NAME}{_TAIL}(?:(?:[\"'\\\]]|&quot;|\x1b|\\u001b)[0-9;m\[\"'\\\]]{{0,16}})?{_S}*(?:=>|:=|===?|[=:>,\t\r]|&gt;|value=|\\t|\\r){_S}*[>|]?-?{_S}*"
    r"(?:[\[{<(]?[bur]?(?:[\"'\\]{1,8}|&[a-z0-9#]{1,6};)|[{<(])?(?:[^\s\[*\"'\\{<(=]|\[[^R]|[<!])"
)
"""With a value behind it that is no mark of redaction."""
_SAID = rf"(?i){_NAME} (?:is|was|set|reset|changed) "
_NAMED_COLUMN = rf"(?i){_NAME}[\"',;\t|a-z_\\]*(?:\n|\\n)"
_COMMAND = (
    rf"(?i)(?:[^0-9a-z]|\\[nrt]){_COMMANDS}[ '\"\\]|\s-{{1,2}}u(?:ser|sername)?[ =]|(?:[\s\"'\\]|\\[nrt])-{{1,2}}[a-z-]*(?:pass|pw|key|secret|token|auth)[a-z]*[\s=\"',\\]"
    r"|chpasswd|passwd -|kinit |encrypt_string|securestring|wpa_passphrase|radtest|sqlplus|net us|machine [^\s]+ login"
)
_CHANGED = r"(?i)(?:changed|reset|set|updated?) (?:the )?password |set password|alter (?:user|role|login)"
_ENABLE = r"(?i)(?:enable|username [^\s]+|neighbor [^\s]+|line|chap|pap|ftp|super|user [^\s]+|ospf|privilege [0-9]+|insecure-|simple-)[ ]?(?:password|secret) "
_KEYED = (
    r"(?i)(?:requirepass|masterauth|psksecret|key-string|pre-shared-key|isakmp key|digest-key|authentication(?:-key)?|passwd enc|[^a-z]psk"
    r"|option (?:key|password)|password(?: [0-9])?|[^a-z]key(?: [0-9])?)[\"'\\ ]{1,8}(?:text |md5 |mode |key-string |[0-9]+ )*(?:[^\s\"]{4,}[0-9]|[^\s\"]*[0-9][^\s\"]{4,})"
)
_SET = r"(?i)(?:env|arg|set|export) [0-9a-z_:\"\\]*(?:token|secret|pass|password|key)\\*\"? "

PASSWORDS = (
    *forms(
        "password",
        "assignment",
        _ASSIGNED,
        (rf"(?i){_NAME}{_TAIL}{_IS}{_V}", value_validators.assigned),
        (
            rf"(?i){_NAME}{_TAIL}[\"'\\]{{1,4}}\s{{0,4}}(?::|=>?)\s{{0,4}}\[?\\{{0,3}}[\"'](?P<v>(?:[^\"'\\\n]|\\[^\n]){{6,}})",
            value_validators.assigned,
        ),
        (rf"(?i){_NAME}{_TAIL} ?= ?[\"'](?P<v>[^\"'\n]{{3,}})[\"']", value_validators.assigned),
        (
            rf"(?i)\n[ \t]*(?:- )?[0-9a-z_.-]{{0,30}}{_NAME}{_TAIL}:[ \t]+[\"']?(?P<v>[^\s\"'\\]{{6,}})[\"']?[ \t]*(?:\n|$)",
            value_validators.yaml,
        ),
        (rf"(?i){_NAME}{_TAIL}=\{{(?P<v>[^}}\n]{{4,}})\}}", value_validators.made),
        (rf"(?i){_NAME}{_TAIL}=(?P<v>[^\s\"'=]+[\"'][^\s\"']{{3,}})", value_validators.made),
    ),
    *forms(
        "password",
        "assignment",
        r"(?i)insert into ",
        (
            rf"(?i)insert into [^\n]{{1,200}}?{_NAME}[^\n]{{0,200}}? values (?P<v>[^\n]{{8,}})",
            value_validators.any_made,
        ),
    ),
    *forms(
        "password",
        "assignment",
        _NAMED_COLUMN,
        (rf"(?i)(?:^|\n|\")(?P<v>[^\n]{{0,200}}{_NAME}[^\n]{{0,200}}\n[^\n]{{3,}})", value_validators.columns),
    ),
    *forms(
        "password",
        "assignment",
        _SAID,
        (rf"(?i){_NAME} is generated for \S{{1,80}}: {_V}", value_validators.value),
    ),
    *forms(
        "password",
        "assignment",
        _ASSIGNED,
        (
            rf"(?i)(?:<|&lt;)(?:[0-9a-z_]{{1,30}}[:.])?[0-9a-z_.-]{{0,20}}{_NAME}(?:>|&gt;)(?:<!\[CDATA\[)?{_V}",
            value_validators.assigned,
        ),
        (
            rf"(?i)(?:name|key)=\\?\"[0-9a-z_.-]{{0,30}}{_NAME}\\?\"(?:[\s>]|\\[rn])(?:value=\\?\")?\s{{0,4}}{_V}",
            value_validators.assigned,
        ),
    ),
    *forms(
        "password",
        "assignment",
        _SAID,
        (rf"(?i){_NAME} (?:is|was|set|reset|changed)(?: to| now)?:? ?{_WORD}", value_validators.made),
    ),
    *forms(
        "password",
        "assignment",
        _ASSIGNED,
        (rf"(?i){_NAME}\t{_V}", value_validators.made),
    ),
    *forms(
        "password",
        "assignment",
        r"(?i)(?:unseal|recovery|backup) (?:key|code)",
        (rf"(?i)(?:unseal|recovery|backup) (?:key|code)s? ?(?:[0-9]{{1,2}})?: {_V}", value_validators.made_or_number),
    ),
    *forms(
        "password",
        "assignment",
        r"(?i)(?:api|access|secret|auth)[ _-]?(?:key|token)(?: provided| used|:)? ",
        (rf"(?i)(?:api|access|secret|auth)[ _-]?(?:key|token)(?: provided| used)?:? {_WORD}", value_validators.made),
    ),
    *forms(
        "password",
        "assignment",
        _ASSIGNED,
        (
            rf"(?i){_NAME}[\"'\\]{{1,4}}\s?(?:,|\]?=>)\s{{0,4}}(?:string\([0-9]+\) )?[\"'\\]{{1,4}}(?P<v>[^\s\"'\\,;&<>|(){{}}\[\]]{{5,}})",
            value_validators.made,
        ),
    ),
    *forms(
        "password",
        "assignment",
        r"(?i)[\sn]value: ?",
        (rf"(?i)name: ?[0-9a-z_.-]{{0,30}}{_NAME}\s{{1,8}}value: ?{_WORD}", value_validators.made),
    ),
    *forms(
        "password",
        "assignment",
        r"(?i)(?:otp|code|password|passcode|cvc|cvv2?|pin)(?: is|[:=])? ?[0-9]{3}",
        (
            rf"(?i)(?:otp|verification code|security code|one-time (?:code|password)|passcode|cvc|cvv2?|pin)(?: is|[:=])? ?(?P<v>[0-9]{{3,8}}){_E}",
            value_validators.code,
        ),
    ),
    *forms(
        "password",
        "command_password",
        _COMMAND,
        (rf"(?i){_B}{_COMMANDS}\b(?P<v>[^\n]{{0,300}})", value_validators.option),
        (r"(?i)\s-{1,2}u(?:ser(?:name)?)?[ =]\S{1,40}(?P<v>[^\n]{0,200})", value_validators.option),
        (
            rf"(?i)(?:^|\s)-{{1,2}}(?:[a-z-]{{0,20}}pass(?:word|wd|phrase)?|pw|pwd|apikey|[a-z-]{{0,20}}-?secret|[a-z-]{{0,20}}token|auth)[\s=\"',]{{1,4}}{_WORD}",
            value_validators.made,
        ),
        (
            r"(?i)(?:chpasswd|encrypt_string|ConvertTo-SecureString|wpa_passphrase|radtest|sqlplus|net (?:user|use)|machine \S{1,80} login)\b[^\n]{0,80}",
            value_validators.any_made,
        ),
    ),
    *forms(
        "password",
        "command_password",
        r":[0-9]{4,5}:[0-9A-Za-z_*-]+:[0-9A-Za-z_-]+:",
        (
            rf"(?i){_B}[0-9a-z_.-]{{1,80}}:[0-9]{{4,5}}:[0-9a-z_*-]{{1,40}}:[0-9a-z_-]{{1,40}}:(?P<v>[^\s:\"']{{4,}})",
            value_validators.made,
        ),
    ),
    *forms(
        "password",
        "command_password",
        r"(?i)a[0-9]=\\*\"-",
        (
            r"(?i)a[0-9]=[^\n]{0,60}a[0-9]=\"-{1,2}[a-z]{1,20}\"? ?(?:a[0-9]=\")?(?P<v>[^\s\"]{4,})",
            value_validators.made,
        ),
    ),
    *forms(
        "password",
        "device_password",
        _ENABLE,
        (
            rf"(?i)(?:enable|username \S{{1,40}}(?: privilege [0-9]{{1,2}})?|neighbor \S{{1,60}}|line|chap|pap|ftp|super|user \S{{1,40}}|ospf|logged command:username \S{{1,40}})(?: insecure-| simple-| )?(?:password|secret)(?: level [0-9]{{1,2}})?(?: [0-9]{{1,2}}| cipher| simple| hash| irreversible-cipher)? {_WORD}",
            value_validators.value,
        ),
    ),
    *forms(
        "password",
        "device_password",
        r"(?i)identified (?:by|with|as) ",
        (rf"(?i)identified (?:with \S{{1,40}} )?(?:by|as) (?:password )?{_WORD}", value_validators.value),
    ),
    *forms(
        "password",
        "device_password",
        _CHANGED,
        (
            rf"(?i)(?:set password|alter (?:user|role|login))\b[^\n;]{{0,120}}=? ?(?:password ?\(?)?[\s=(]{{1,3}}[\"']{_V}[\"']",
            value_validators.identified,
        ),
        (
            rf"(?i)(?:changed|reset|set|update[sd]?) (?:the )?password (?:for \S{{1,40}} )?(?:to|as) {_WORD}",
            value_validators.made,
        ),
    ),
    *forms(
        "password",
        "device_password",
        r"(?i)curl[^a-z]",
        (
            r"(?i)curl\b[^\n]{0,200}?\s(?:-[a-z]{0,4}u ?|--(?:proxy-)?user[ =])[\"'\\]{0,3}[^\s:\"']{1,64}:(?P<v>[^\s\"']{3,})",
            value_validators.value,
        ),
    ),
    *forms(
        "password",
        "device_password",
        r"(?i)(?:mysql[a-z]{0,5}|mariadb[a-z-]{0,9}) ",
        (rf"(?i)(?:mysql\w{{0,5}}|mariadb(?:-\w{{1,8}})?)\b[^\n]{{0,100}}?\s-p{_WORD}", value_validators.made),
    ),
    *forms(
        "password",
        "config_password",
        _KEYED,
        (
            rf"(?i)(?:requirepass|masterauth|psksecret|key-string|pre-shared-key|(?:tacacs|radius)(?:-server)?[^\n]{{0,60}}?\bkey|isakmp key|message-digest-key [0-9]{{1,3}} md5|authentication-key [0-9]{{1,5}} (?:md5|sha\w{{0,6}})|authentication(?: (?:text|md5 key-string|md5|mode))?|passwd ENC|psk|insecure-password|option (?:key|password)|password)(?: [0-9]{{1,2}})? {_WORD}",
            value_validators.made,
        ),
    ),
    *forms(
        "password",
        "config_password",
        r"(?i)[0-9] authentication |(?:chap|pap|ftp|super|enable) (?:password|secret) |option (?:key|password) ",
        (
            rf"(?i)(?:(?:standby|vrrp|glbp) [0-9]{{1,3}} authentication(?: text)?|(?:chap|pap|ftp|super|enable) (?:password|secret)(?: [0-9]{{1,2}})?|option (?:key|password)) {_WORD}",
            value_validators.value,
        ),
    ),
    *forms(
        "password",
        "config_password",
        r"(?i)[\sn]key (?:[0-9] )?(?:[^\s\"]{4,}[0-9]|[^\s\"]*[0-9][^\s\"]{4,})",
        (rf"(?i)host \S{{1,80}}[\s]{{1,4}}key (?:[0-9] )?{_WORD}", value_validators.made),
    ),
    *forms(
        "password",
        "config_password",
        _SET,
        (
            rf"(?i)(?:env|arg|set|export) [0-9a-z_:\"]{{0,30}}(?:token|secret|pass|password|key)\"? {_WORD}",
            value_validators.made,
        ),
    ),
    *forms(
        "password",
        "config_password",
        r"(?i)(?:secret|key) \\*\"[0-9a-z+/=]{12}",
        (r"(?i)(?:secret|key) \\?\"(?P<v>[0-9a-z+/=]{12,})\\?\";", value_validators.made),
    ),
    *forms(
        "password",
        "config_password",
        r"(?i)variable \\*\"",
        (
            rf"(?i)variable \\?\"[0-9a-z_]{{0,30}}{_NAME}\\?\" ?\{{[^}}]{{0,60}}default ?= ?\\?\"{_V}",
            value_validators.value,
        ),
    ),
    *forms(
        "password",
        "config_password",
        r"(?i)new (?:value|password): ",
        (rf"(?i)new (?:value|password): {_WORD}", value_validators.made),
    ),
    *forms(
        "password",
        "login",
        r"(?i)\"auth\\*\" \\*\"",
        (r"(?i)\\?\"auth\\?\"(?: \\?\"[0-9a-z_-]{1,40}\\?\")? \\?\"(?P<v>[^\s\"]{4,})\\?\"", value_validators.made),
    ),
    *forms(
        "password",
        "login",
        r"LOGIN |AUTH |PASS ",
        (rf"{_B}(?:[0-9A-Za-z.]{{1,12}} LOGIN \"?[^\s\"]{{1,60}}\"?|AUTH|PASS) {_WORD}", value_validators.made),
    ),
    *forms(
        "password",
        "login",
        r"PLAIN[^\s]?[>\s\\]",
        (r"\bPLAIN\b['\"]?(?:>| |\t)(?:[^\n]{0,60}resp=)?(?P<v>[0-9A-Za-z+/]{8,}={0,2})", credential_validators.plain),
    ),
    *forms(
        "password",
        "login",
        r"(?i)(?:login|auth|attempt|incorrect|ok):? \[[^\s/\]]*/",
        (
            r"(?i)(?:login|auth|attempt|incorrect)[^\n\[]{0,40}\[(?:b')?[^\s/\[\]]{1,60}/(?:b')?(?P<v>[^\s\[\]<']{3,})'?\]",
            value_validators.made,
        ),
    ),
    *forms(
        "password",
        "login",
        r"(?i)-password ?:?= ?",
        (rf"(?i)(?:(?:cleartext|user|chap)-password|nt-password) ?:?= ?{_WORD}", value_validators.value),
    ),
    *forms(
        "password",
        "login",
        r"(?i):\s?psk [\"'\\]",
        (r"(?i):\s?PSK [\"'](?P<v>[^\"']{4,})[\"']", value_validators.value),
    ),
    *forms(
        "password",
        "login",
        r"(?i)password [\"'\\]+[0-9a-z _-]+[\"'\\]+ [\"'\\]",
        (
            r"(?i)password [\"'\\]{1,3}[0-9a-z _-]{1,30}[\"'\\]{1,3} [\"'\\]{1,3}(?P<v>[^\s\"'\\]{4,})",
            value_validators.value,
        ),
    ),
    *forms(
        "password",
        "login",
        r"[0-9a-z_-] \* [^\s\"]*[0-9]",
        (r"\b[a-z][0-9a-z_-]{0,30} \* (?P<v>\S{4,}) \*", value_validators.made),
    ),
    *forms(
        "password",
        "login",
        r"(?i)\"auth\\*\": ?\\*\"[0-9a-z+/]{8}",
        (r"(?i)\\?\"auth\\?\": ?\\?\"(?P<v>[0-9a-z+/]{8,}={0,2})\\?\"", credential_validators.basic),
    ),
    *forms(
        "password",
        "login",
        r"getConnection\(|__construct\(",
        (
            r"(?:getConnection|__construct)\([\"'][^\n\"']{3,}[\"'], ?[\"'][^\n\"']{1,60}[\"'], ?[\"'](?P<v>[^\n\"']{3,})[\"']",
            value_validators.value,
        ),
    ),
    *forms(
        "SNMP community",
        "snmp_community",
        r"(?i)communit(?:y|ies)(?:[ _-](?:string|name))?[\"'\\\]:= ]{1,12}(?:(?:read|write|ro|rw|set|is|get|was|with|unknown)[: ]{1,2})?[\"'\\]*[^\s\"]*[0-9]",
        (
            rf"(?i)communit(?:y|ies)(?:[ _-](?:string|name))?(?:{_IS}|\s(?:read|write|ro|rw|set|is|get|was|with|unknown)?[\s:]{{0,2}}){_WORD}",
            value_validators.made,
        ),
    ),
    *forms(
        "SNMP community",
        "snmp_community",
        r"(?i)community6? |trap2?sink |informsink |com2sec6? |2c [^\s\"]*[0-9]|-v ?[12]c? ",
        (
            rf"(?i)(?:r[ow]community6?|trap2?sink|informsink|com2sec6?|trapcommunity|host \S{{1,60}}(?: traps| informs)?(?: version)? 2c|-v ?[12]c?[^\n]{{0,60}} -c)\s(?:\S{{1,60}}\s){{0,2}}?{_WORD}",
            value_validators.made,
        ),
    ),
    *forms(
        "SNMP community",
        "snmp_community",
        r"(?i)snmp community set",
        (r"(?i)snmp community set[^\n]{0,80}name=(?P<v>[^\s\"]{3,})", value_validators.made),
    ),
    *forms(
        "SNMP passphrase",
        "snmp_community",
        r"createUser |[^a-z](?:auth|priv) |snmp[a-z]{2,8} ",
        (
            rf"(?:createUser \S{{1,60}}|\bauth|snmp\w{{2,8}}[^\n]{{0,100}} -[AX]|\bpriv)(?:(?i) (?:sha|md5|aes|des|3des)(?:-?[0-9]{{3}})?(?: [0-9]{{3}})?)? {_WORD}",
            value_validators.made,
        ),
    ),
)
