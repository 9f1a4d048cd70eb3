"""What a password looks like to the check where a shell feeds it to a command, or a command takes it by its place."""
# ruff: noqa: E501 - an expression reads best in one piece

from mothership.pipeline.redaction.checker import value_validators
from mothership.pipeline.redaction.checker.shape_scanner import forms

_WORD = r"[\"'\\]{0,4}(?P<v>[^\s\"'\\,;&<>|(){}\[\]]{4,})"
_TOOLS = r"(?:hydra|evil-winrm|nxc|netexec|crackmapexec|veracrypt|racadm|ilorest|sipsak|swaks|sipp|sendemail|signtool|valkey-cli)"
_PLACED = (
    r"(?:mosquitto_passwd -b [^\s]+|samba-tool user [a-z]+|setcredentials|rclone obscure|(?:input|user|owner)_pw|mc alias set [^\s]+ [^\s]+ [^\s]+"
    r"|user [^\s]+ using|\.logon [^\s,]+,|catalog [a-z]+/|:pserver:[a-z]+:|-y hmac[^\s]+:|hostednetwork [^\n]*key=|\.py '?[a-z]+/[a-z]+:)"
)

_B = r"(?:^|[^0-9A-Za-z])"
"""Before a value."""
_COMMANDS = (
    r"(?:docker|podman|az login|redis-cli|valkey-cli|ldap\w{3,8}|smbclient|rpcclient|ipmitool|mosquitto_\w{3}|sqlcmd|bcp|plink|pscp|mysql\w{0,5}|mysqldump"
    r"|mariadb(?:-\w{1,8})?|mongo\w{0,7}|sshpass|7z|zip|lftp|openssl|keytool|nuget|splunk|curl|wget|schtasks|xfreerdp|rabbitmqctl"
    r"|htpasswd|influx|clickhouse-client|cqlsh|psql|kinit|snmp\w{2,8})"
)
_COMMAND = (
    rf"(?i)(?:[^0-9a-z]|\\[nrt]){_COMMANDS}[ '\"\\]|\s-{{1,2}}u(?:ser|sername)?[ =]|(?:[\s\"'\\]|\\[nrt])-{{1,2}}[a-z-]*(?:pass|pw|key|secret|token|auth)[a-z]*[\s=\"',\\]"
    r"|chpasswd|passwd -|kinit |encrypt_string|securestring|wpa_passphrase|radtest|sqlplus|net us|machine [^\s]+ login"
)

COMMANDS = (
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
        r"(?i)\| ?(?:sudo|(?:ch|smb)?passwd|kinit|gpg|su -|docker|cryptsetup|base64 -)|<<<|<\(echo|(?:command|eval) '?echo|send -- ",
        (
            r"(?i)(?:echo|printf|yes)\b(?P<v>[^\n|]{2,120})\| ?(?:base64 -[a-z-]+ ?\| ?)?(?:sudo|(?:ch|smb)?passwd|kinit|gpg|su -|docker|cryptsetup)",
            value_validators.any_made,
        ),
        (r"(?i)<<< ?[\"']?(?P<v>[^\s\"']{6,})", value_validators.made),
        (r"(?i)<\(echo (?P<v>[^\n)]{6,})\)", value_validators.any_made),
        (r"(?i)(?:command|eval) '?echo (?P<v>[^\n']{6,})", value_validators.any_made),
        (r"(?i)send -- \"(?P<v>[^\s\"\\]{6,})", value_validators.made),
    ),
    *forms(
        "password",
        "command_password",
        rf"(?i){_TOOLS} |(?:http|https|xh) -a |creds[ =]|(?:-p|-a|-pw|password)\\*[\"'], ?\\*[\"']|x00-p",
        (rf"(?i){_TOOLS} [^\n]{{0,160}}?[-/](?:p|a|ap|xp) [\"'](?P<v>[^\n\"']{{6,}})", None),
        (rf"(?i){_TOOLS} [^\n]{{0,160}}?[-/](?:p|a|ap|xp) {_WORD}", value_validators.made),
        (rf"(?i)(?:https? -a|xh -a|creds[ =]) ?[a-z0-9._-]{{1,40}}:{_WORD}", value_validators.made),
        (r"(?i)(?:-p|-a|-pw|password)[\"'], ?[\"'](?P<v>[^\n\"']{6,})[\"']", value_validators.any_made),
        (r"(?i)x00-p\\{1,2}x00(?P<v>[^\s\\]{6,})", value_validators.made),
    ),
    *forms(
        "password",
        "command_password",
        rf"(?i){_PLACED}|@//[a-z]",
        (rf"(?i){_PLACED} ?(?:[a-z0-9]{{1,40}} )?{_WORD}", value_validators.made),
        (r"(?i)setcredentials [a-z0-9]{1,40} '(?P<v>[^\n']{6,})'", value_validators.any_made),
        (r"(?i)\.py '?[a-z]+/[a-z]+:(?P<v>[^\n@']{6,})@", value_validators.any_made),
        (r"(?i)\b[a-z]{1,30}/(?P<v>[^\s/@]{6,})@//[a-z]", value_validators.made),
    ),
    *forms(
        "password",
        "command_password",
        r"(?i)(?:influx|doctl|ngrok) |--value[ =]|reg add |check_[a-z]+[! ]|\]:(?:25|465|587) |setuser|smb[a-z]+ -U|user:[a-z]*password ",
        (rf"(?i)(?:influx|doctl|ngrok) [^\n]{{0,160}}?-t {_WORD}", value_validators.made),
        (rf"(?i)(?:secrets? set|securestring)[^\n]{{0,160}}?--value[ =]{_WORD}", value_validators.made),
        (rf"(?i)--value[ =]{_WORD}[^\n]{{0,160}}securestring", value_validators.made),
        (rf"(?i)/v [a-z]{{0,30}}(?:password|pwd|secret|token) [^\n]{{0,40}}/d {_WORD}", value_validators.made),
        (rf"(?i)check_[a-z]{{2,20}}[! ][^\n]{{0,160}}?-a ?[a-z0-9._-]{{1,40}}:{_WORD}", value_validators.made),
        (rf"(?i)\]:(?:25|465|587) {{1,8}}[^\s:\"']{{1,80}}:{_WORD}", value_validators.made),
        (r"(?i)setuser[^\n]{0,160}>(?P<v>[^\s\"'\\]{4,})", value_validators.value),
        (rf"(?i)smb[a-z]{{2,10}} -U [^\s%]{{1,64}}%{_WORD}", value_validators.made),
        (rf"(?i)user:[a-z]{{0,8}}password [a-z0-9._-]{{1,64}} {_WORD}", value_validators.made),
    ),
    *forms(
        "password",
        "command_password",
        "(?:connect-network|chpassword|svc_login|chpasswd:|chpasswd\\[|ttyd|ktpass)",
        (
            rf"(?:connect-network [^\s]{{1,64}} (?:wpa[23]?|wep)|(?:chpassword|svc_login) [^\s]{{1,64}}|ktpass [^\n]{{0,120}}/pass) {_WORD}",
            value_validators.made,
        ),
        (
            rf"(?:ttyd|chpasswd(?:\[[0-9]{{1,9}}\])?:) [^\n:]{{0,60}}:{_WORD}",
            value_validators.made,
        ),
    ),
    *forms(
        "password",
        "device_password",
        r"(?i)--(?:[a-z-]+-)?(?:pass|password[0-9]?|secret-string)\\*[\"']?[ =,]",
        (
            r"(?i)--(?:[a-z-]{1,20}-)?(?:pass|password[0-9]?|secret-string)[\"']?[ =,]{1,2}[\"'](?P<v>[^\n\"']{8,})[\"']",
            value_validators.quoted_words,
        ),
    ),
)
