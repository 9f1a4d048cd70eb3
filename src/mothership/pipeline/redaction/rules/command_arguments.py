"""Which commands take a password, behind which option or how many other arguments."""
# ruff: noqa: E501 - an expression reads best in one piece

import re
from collections.abc import Iterator

from mothership.pipeline.redaction.rules.rule import REACH, WORD, CodeMatcher, Matcher, Span
from mothership.pipeline.redaction.rules.vocabulary import is_no_word, looks_like_secret

_S = r"(?:\s{1,4}|\\{0,3}[\"']\s?,\s?\\{0,3}[\"'](?![\w.@-]{1,40}\\{0,3}\"\s?:)|\\{1,2}x00|\\{1,2}u0000|\\{0,3}\"\s{1,4}a[0-9]{1,3}=\\{0,3}\")"
"""What parts the arguments of a command: blanks, in a list quotes and a comma, in /proc a zero byte, audit's ` a1=`."""
_ARGUMENT = (
    r"(?:\\{0,3}(?P<quote>[\"'])(?=(?:(?!(?P=quote))[^\r\n\\]){1,256}\\{0,3}(?P=quote))|[\\\"']{0,3})"
    r"(?P<secret>(?(quote)(?:(?!(?P=quote))[^\r\n\\]){1,256}"
    r"|(?:(?<=[\"'])[^\"'\\\r\n]{1,256}(?=\\{0,3}[\"'](?:\s?[,\])]|\s{1,4}a[0-9]|\s{0,4}(?:$|[\r\n])))|[^\s\"'\\,;|&<>$`(){}]{3,256})))"
)
"""A secret that is an argument: a word, or whatever stands between quotation marks."""
_PLAIN = r"(?:\"(?![-/])[^\"\r\n\\]{1,127}\"|'(?![-/])[^'\r\n\\]{1,127}'|[\\\"']{0,3}[^\s\"'\\,;|&<>-][^\s\"'\\,;|&<>]{0,127}[\\\"']{0,3})"


def behind_option(commands: str, option: str) -> Matcher:
    """Make a matcher of a command's option that takes a password."""
    return Matcher(
        rf"(?:{commands})(?:\.exe)?[\"']?{_S}(?:[^\r\n;|]{{0,160}}?{_S})?{option}{_ARGUMENT}",
        secret_option,
        guard=_begins_word,
    )


def behind_arguments(commands: str, arguments: int) -> Matcher:
    """Make a matcher of a command that takes a password behind so many other arguments, options aside."""
    return Matcher(
        rf"(?:{commands})(?:{_S}-[\w-]{{1,20}}){{0,4}}(?:{_S}{_PLAIN}){{{arguments}}}{_S}(?![-/]){_ARGUMENT}",
        secret_option,
        guard=_begins_word,
    )


def _begins_word(text: str, at: int) -> bool:
    """Tell whether the name of a command begins here, and not the rest of a longer word."""
    return at == 0 or not (text[at - 1].isalnum() or text[at - 1] in "_-") or text[at - 2 : at] in {"\\n", "\\t", "\\r"}


def secret_option(text: str) -> bool:
    """Tell a password from another word of the manual, from where to get one, and from a port."""
    return is_no_word(text) and not re.fullmatch(
        r"\W+|(?:env|file|fd|stdin):?\w{0,80}|[0-9]{1,5}(?::[0-9]{1,5})?(?:/(?:tcp|udp))?", text
    )


COMMANDS = (
    (
        "docker login|podman login|helm registry login|oras login|skopeo login|nerdctl login|crane auth login|az login|az acr login|oc login",
        rf"-p{_S}",
    ),
    (
        "mongo|mongosh|mongodump|mongorestore|mongoexport|mongoimport|psexec|PsExec|PsExec64|PSEXEC|PSEXEC64|hydra|medusa|veracrypt|racadm|ilorest|redfishtool|hdbsql|evil-winrm|crackmapexec|nxc|netexec|smbmap|beeline|influx|xfreerdp|certutil|CertUtil|esxcli|rabbitmqadmin|vpn connect",
        rf"-p{_S}",
    ),
    (
        r"forticlient vpn|twine upload|poetry publish|buildah login|cf login|fly|couchbase-cli|cbq|cypher-shell|isql-fb|testsaslauthd|check_wmi_plus|check_wmi|check_vmware\w{0,8}|bloodhound-python|mydumper|myloader|webrepl_cli\.py|steghide|fab|fs_cli|doveadm pw|borgmatic|hydra|ncrack|sqlmap|wpscan",
        rf"-p{_S}",
    ),
    ("ipa-client-install|smbpasswd|ipa-replica-install", rf"-w{_S}"),
    ("ssh-keygen", rf"-P{_S}"),
    ("ssh-keygen", rf"-N{_S}"),
    ("ccrypt|ccencrypt|ccdecrypt|swift", rf"-K{_S}"),
    ("pdftotext|pdftoppm|pdfimages|pdfinfo", rf"-[uo]pw{_S}"),
    ("vmrun", rf"-[gv]p{_S}"),
    ("esxcli", rf"-c{_S}"),
    ("check_ldap", rf"-P{_S}"),
    ("hdparm", rf"--security-(?:unlock|set-pass|erase|erase-enhanced|disable){_S}"),
    ("codecov", rf"-t{_S}"),
    ("ldifde|csvde", rf"-b{_S}\S{{1,64}}{_S}\S{{1,64}}{_S}"),
    ("racadm", rf"\w{{0,32}}Password{_S}(?:-i{_S}[0-9]{{1,2}}{_S})?"),
    ("wbinfo|ntlm_auth", rf"-a{_S}[^\s%\"']{{1,64}}%"),
    ("redis-cli|valkey-cli|keydb-cli", rf"(?:-a|--pass){_S}"),
    ("sipsak|sipexer|onvif-cli|onvif-util", rf"-a{_S}"),
    (
        "ldapsearch|ldapadd|ldapmodify|ldapdelete|ldappasswd|ldapwhoami|ldapcompare|ldapmodrdn|kadmin|ktutil|addent|vsql",
        rf"-[wys](?:{_S})?",
    ),
    ("ipmitool|ipmi-chassis|ipmipower|ipmi-sensors|bmc-config", rf"-[PK]{_S}"),
    ("mosquitto_pub|mosquitto_sub|mosquitto_rr|mqttx|hivemq", rf"(?:-P|--pw){_S}"),
    ("sqlcmd|bcp|osql|isql|tsql", rf"-P(?:{_S})?"),
    ("plink|pscp|psftp|putty|xe|winexe|dsadd|dsmod|manage-bde", rf"-(?:pw|pwd){_S}"),
    ("signtool|cipher|winrs", rf"[/-]p{_S}"),
    (
        "useradd|usermod|cqlsh|elasticsearch-users|check_mysql|check_pgsql|security|altool|userconfig|htpasswd",
        rf"-[pw]{_S}",
    ),
    ("knife|ssh-copy-id|winrm|p4|sshpass", rf"-[Pp]{_S}"),
    ("sipp|swaks", rf"-ap{_S}"),
    ("sendemail|sendEmail", rf"-xp{_S}"),
    ("ansible-vault", rf"encrypt_string{_S}"),
    ("schtasks|SCHTASKS|at", rf"/(?:rp|RP){_S}"),
    (
        "ktpass|KTPASS|djoin|netdom|NETDOM",
        rf"[/-](?:pass|PASS|Pass|passwordd|PasswordD|passwordo|PasswordO|pd|po)(?:{_S}|:)",
    ),
    ("7z|7za|7zz|rar|unrar", r"-h?p(?!\s)"),
    ("zip|unzip", rf"-P{_S}"),
    ("openssl enc", rf"-k{_S}"),
    ("openssl", rf"-pass(?:in|out)?{_S}[\"']?pass:"),
    ("net rpc|net ads", rf"-U(?:{_S})?[\\\"']{{0,2}}[^\s%\"']{{1,64}}%"),
    ("mysqladmin|mysqldump|mariadb-admin", rf"password{_S}"),
    (
        "http|https|xh|httpie|elastic-agent|etcdctl|skopeo",
        rf"(?:-a|--auth|--user|--(?:src-|dest-)?creds)(?:{_S}|=)[\"']?[^\s:\"'/@]{{1,64}}:",
    ),
    (
        r"nxc|netexec|crackmapexec|evil-winrm|impacket-\w{1,20}|wmiexec\.py|psexec\.py|secretsdump\.py",
        rf"-(?:H|hashes){_S}(?:[0-9a-f]{{0,32}}:)?",
    ),
    ("qpdf", rf"--encrypt{_S}"),
    ("qpdf", rf"--encrypt{_S}(?:{_PLAIN}{_S})?"),
    ("pdftk", rf"(?:user|owner|input)_pw{_S}"),
    ("netsh", r"\bkey(?:Content)?="),
    ("iw|iwconfig", rf"key{_S}(?:[0-9]:|s:)"),
    ("dig|nsupdate|delv|kdig|knsupdate", rf"-y{_S}(?:hmac-[a-z0-9-]{{3,10}}:)?[\w.-]{{1,128}}:"),
    ("dotnet nuget push|nuget push", rf"-k{_S}"),
    ("influx|doctl|ngrok", rf"-t{_S}"),
    ("gotty|ttyd", rf"(?:-c|--credential){_S}[\"']?[^\s:\"'/@]{{1,64}}:"),
    ("setuser", rf"-p{_S}"),
)
POSITIONS = (
    # Commands, and how many arguments stand before the password.
    (
        r"vault operator unseal|neo4j-admin (?:dbms )?set-initial-password|snyk auth|ecryptfs-add-passphrase|wpa_cli passphrase [0-9]|composer config github-oauth\.[\w.-]{2,64}|sedutil-cli --(?:initialsetup|setSIDPassword|yesIreallywanttoERASEALLmydatausingthePSID)",
        0,
    ),
    (
        r"(?:poetry|composer) config http-basic\.[\w.-]{1,64}|cf auth|emqx_ctl admins (?:passwd|add)|vmq-passwd -U \S{1,64}|doveadm auth (?:test|login)|userman --changepassword",
        1,
    ),
    (r"rasdial|mc admin user add|sedutil-cli --setlockingrange", 2),
    (
        r"connect-network \S{1,64} (?:wpa[23]?|wep)|rclone obscure|vncpasswd|cargo login|nuget setapikey|grafana-cli admin reset-admin-password",
        0,
    ),
    (
        r"samba-tool user (?:create|add|setpassword)|(?:drush|occ|artisan|console|drupal)\s{1,2}user:(?:password|resetpassword|changepassword|create)|\bupwd|virsh secret-set-value|setcredentials|shadow\.set_password|add-user\.(?:sh|bat)|users? add|smbpasswd -U|NickServ (?:identify|IDENTIFY)|OPER|ipmitool user set password|change_password|add_user|svc_login|chpassword|secret-set-value|htpasswd -\w{0,3}(?:nb|bn)\w{0,3}|isql \w{1,64}|-setairportnetwork \w{1,16}|authtool add",
        1,
    ),
    (r"mosquitto_passwd -b|ejabberdctl (?:register|change_password)|prosodyctl register", 2),
    (r"hdbuserstore (?:SET|set|Set)|mc alias set|mc config host add", 3),
)


def _beside_user(text: str, start: int, end: int) -> Iterator[Span | None]:
    """Find what follows `-p` where `-u` names a user; MySQL's own `-p` takes nothing."""
    last = min(len(text), end + REACH)
    for option in (" -u", " -U", " -x", " --user"):
        at = text.find(option, start, end + len(option))
        while at >= 0:
            match = _USER_AND_PASSWORD.match(text, at, last)
            asks = match is not None and _ASKS.search(text, max(0, at - 120), at) is not None
            yield match.span("secret") if match and not asks and looks_like_secret(match["secret"]) else None
            at = text.find(option, at + 1, end + len(option))


_USER_AND_PASSWORD = re.compile(
    rf"\s-(?:[uUx]|-?user(?:name)?)[\s=]\s?[^\s-]\S{{0,64}}\s(?:[^\s|;]{{1,64}}\s){{0,5}}?-[pPw]\s{{1,2}}{WORD}"
)
_ASKS = re.compile(r"(?:mysql|mariadb|docker|podman|ssh|scp|nmap|lsof|netstat|useradd|tar|cp)\b[^|;\r\n]*\Z")

BESIDE_USER = CodeMatcher(_beside_user, (_USER_AND_PASSWORD,))
