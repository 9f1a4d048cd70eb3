"""Rules for passwords on command lines and in configuration files."""
# ruff: noqa: E501 - an expression reads best in one piece

import re

from mothership.pipeline.redaction.rules.rule import QUOTE, Finder, Rule, either, matcher

_MANUAL_WORDS = """
password passwd pass pwd secret key token string value prompt none null hidden masked redacted encrypted hash level type
default required optional missing invalid failed failure for from with was is has not and or the unset set changed
expired removed added chain generate rsa usage name id host address timeout server source version config enable disable
active inactive yes no true false
"""
_MANUAL = frozenset(_MANUAL_WORDS.split())
_WORD = r"[\\\"']{0,3}(?P<secret>[^\s\"'\\,;|&<>$`(){}]{3,256})"


def _no_word(text: str) -> bool:
    """Tell whether what follows an option or a key word may be a secret: not another word of the manual."""
    plain = text.lower().strip("[]().:;")
    return plain not in _MANUAL and not text.startswith(("-", "/", "<", "$", "%", "*", "["))


def _option(commands: str, option: str) -> Finder:
    """Make a finder of a command's option that takes a password."""
    names = tuple(commands.split("|"))
    return matcher(
        rf"(?:{commands})(?:\.exe)?[\"']?\s(?:[^\r\n;|]{{0,300}}?\s)?{option}{_WORD}", _secret_option, before=names
    )


def _secret_option(text: str) -> bool:
    return _no_word(text) and not re.fullmatch(r"[0-9]{1,5}(?::[0-9]{1,5})?(?:/(?:tcp|udp))?", text)


_COMMANDS = (
    (
        "docker login|podman login|helm registry login|oras login|skopeo login|nerdctl login|az login|az acr login",
        r"-p\s{1,2}",
    ),
    ("redis-cli", r"(?:-a|--pass)\s{1,2}"),
    ("ldapsearch|ldapadd|ldapmodify|ldapdelete|ldappasswd|ldapwhoami|ldapcompare", r"-[wys]\s{0,2}"),
    ("ipmitool|ipmi-chassis|ipmipower", r"-[PK]\s{1,2}"),
    ("mosquitto_pub|mosquitto_sub|mosquitto_rr", r"(?:-P|--pw)\s{1,2}"),
    ("sqlcmd|bcp|osql|isql|tsql", r"-P\s{0,2}"),
    ("plink|pscp|psftp|putty", r"-pw\s{1,2}"),
    ("mongo|mongosh|mongodump|mongorestore|mongoexport|mongoimport", r"-p\s{1,2}"),
    ("psexec|PsExec|PsExec64", r"-p\s{1,2}"),
    ("useradd|usermod", r"-p\s{1,2}"),
    ("schtasks|SCHTASKS", r"/(?:rp|RP)\s{1,2}"),
)

COMMAND_PASSWORD = Rule(
    name="command_password",
    description="Passwords on the command lines of common tools (`docker login -p`, `redis-cli -a`, `ldapsearch -w`, "
    "`net user`, `chpasswd`, …) and behind the key words of configuration files (`requirepass`, `tacacs-server key`, "
    "`neighbor … password`, `key-string`, `.netrc`).",
    source="the manuals of the tools; Cisco IOS and Redis configuration; netrc(5)",
    gates=(
        r"(?:docker|podman|oras|skopeo|nerdctl|registry|az|acr) login\s[^\"]*-p\s",
        r"(?:redis-cli|ldap[a-z]{3,7}|ipmi[a-z-]{4,8}|mosquitto_[a-z]+|sqlcmd|bcp|[oit]sql|plink|pscp|psftp|putty)(?:\.exe)?(?:\\?[\"'])?\s",
        r"(?:mongo[a-z]*|[Pp]s[Ee]xec(?:64)?|user(?:add|mod))(?:\.exe)?(?:\\?[\"'])?\s[^\"]*-p",
        r"(?i)schtasks[^\"]*/rp\s",
        r"(?i)smbclient[^\"]*%|smb(?:map|get)|rpcclient",
        r"(?i)\s-(?:password|passwd|pass|pw)\s|--pass\s",
        r"chpasswd|passwd --stdin|sudo -S|htpasswd\s",
        r"(?i)net1?(?:\.exe)? (?:user|use)\s",
        r"(?i)convertto-securestring",
        r"(?i)(?:requirepass|masterauth|bindpw|bindpasswd|rootpw|key-string|pre-shared-key|authentication-key)\s",
        r"(?:login|user|account)\s+[^\s\"]+\s+password\s",
        r"(?i)(?:tacacs|radius)[^\"]*\skey\s|isakmp key\s|message-digest-key\s|neighbor [^\"]*\spassword\s|set password ENC ",
        r"(?i)(?:rabbitmqctl|/p:|/pass:)",
        r"a[0-9]+=\\\"--?[a-z-]+\\\"\s+a[0-9]",
    ),
    find=either(
        *(_option(commands, option) for commands, option in _COMMANDS),
        matcher(
            r"(?:smbclient|smbget|rpcclient|smbmap)\s[^\r\n]{0,300}?-U\s{0,2}[\"']?[^\s%\"']{1,64}%(?P<secret>[^\s\"']{1,256})",
            before=("smbclient", "smbget", "rpcclient", "smbmap"),
        ),
        matcher(
            rf"(?:(?<=\s)|(?<=^))-(?:password|passwd|pass|pw)\s{{1,2}}{_WORD}",
            _secret_option,
            ignore_case=True,
            before=("-pass", "-pw"),
        ),
        matcher(
            r"a[0-9]{1,3}=\"--?(?:password|passwd|pass|pw|token|secret|api-key)\"\s{1,4}a[0-9]{1,3}=\"(?P<secret>[^\"\r\n]{1,256})\"",
            before=("a",),
        ),
        matcher(
            r"=\"(?:[\w./-]{0,64}/)?(?:redis-cli\"[^\r\n]{0,200}?\sa[0-9]{1,3}=\"-a|sshpass\"\sa1=\"-p)\"\s{1,4}a[0-9]{1,3}=\"(?P<secret>[^\"\r\n]{1,256})\"",
            before=('="',),
        ),
        matcher(rf"--pass\s{{1,2}}{_WORD}", _secret_option, before=("--pass",)),
        matcher(
            r"echo\s(?:-[ne]\s)?[\"']?[\w.@-]{1,64}:(?P<secret>[^\s\"'|]{1,256})[\"']?\s{0,2}\|\s{0,2}(?:sudo\s)?chpasswd",
            before=("echo",),
        ),
        matcher(
            r"echo\s(?:-[ne]\s)?[\"']?(?P<secret>[^\s\"'|]{1,256})[\"']?\s{0,2}\|\s{0,2}(?:sudo\s)?(?:passwd\s--stdin|sudo\s-S)",
            before=("echo",),
        ),
        matcher(
            r"htpasswd\s(?:-\w{1,8}\s){0,4}-?\w{0,8}b\w{0,4}\s\S{1,128}\s\S{1,64}\s(?P<secret>[^\s\"']{1,256})",
            before=("htpasswd",),
        ),
        matcher(
            r"net1?(?:\.exe)?\suser\s[\"']?[\w.$@\\-]{1,64}[\"']?\s{1,2}[\"']?(?P<secret>[^\s\"'/*][^\s\"']{0,127})(?=[\"']?(?:\s/|\s*$))",
            _no_word,
            ignore_case=True,
            before=("net",),
        ),
        matcher(
            r"net1?(?:\.exe)?\suse\s[^\r\n]{0,200}?/u(?:ser)?:[\"']?[^\s\"']{1,128}[\"']?\s{1,2}[\"']?(?P<secret>[^\s\"'/*][^\s\"']{0,127})",
            ignore_case=True,
            before=("net",),
        ),
        matcher(
            rf"ConvertTo-SecureString\s(?:-String\s)?(?P<q>{QUOTE})(?P<secret>[^\"'\\\r\n]{{1,256}})(?P=q)",
            lambda text: not text.startswith("$"),
            ignore_case=True,
            before=("convertto-securestring",),
        ),
        matcher(
            rf"(?:requirepass|masterauth|bindpw|bindpasswd|rootpw)\s{{1,4}}{_WORD}",
            _no_word,
            ignore_case=True,
            before=("requirepass", "masterauth", "bindpw", "bindpasswd", "rootpw"),
        ),
        matcher(
            rf"(?:key-string|pre-shared-key|authentication-key)\s{{1,4}}(?:[0-9]\s{{1,2}}|ascii-text\s{{1,2}}|hexadecimal\s{{1,2}}|local\s|remote\s){{0,2}}{_WORD}",
            _no_word,
            ignore_case=True,
            before=("key-string", "pre-shared-key", "authentication-key"),
        ),
        matcher(
            r"(?:machine\s{1,4}\S{1,128}|default)\s{1,4}login\s{1,4}\S{1,128}\s{1,4}password\s{1,4}(?P<secret>[^\s\"'\\]{1,256})",
            before=("machine", "default"),
        ),
        matcher(
            rf"(?:tacacs|radius)(?:-server)?\s(?:[^\r\n]{{0,120}}?\s)?key\s{{1,4}}(?:[0-9]\s{{1,2}})?{_WORD}",
            _no_word,
            ignore_case=True,
            before=("tacacs", "radius"),
        ),
        matcher(rf"isakmp\skey\s{{1,4}}(?:[0-9]\s{{1,2}})?{_WORD}", _no_word, ignore_case=True, before=("isakmp",)),
        matcher(
            rf"message-digest-key\s[0-9]{{1,3}}\smd5\s(?:[0-9]\s)?{_WORD}",
            _no_word,
            ignore_case=True,
            before=("message-digest-key",),
        ),
        matcher(
            rf"neighbor\s\S{{1,64}}\spassword\s{{1,4}}(?:[0-9]\s{{1,2}})?{_WORD}",
            _no_word,
            ignore_case=True,
            before=("neighbor",),
        ),
        matcher(r"set\spassword\sENC\s(?P<secret>[^\s\"']{4,512})", before=("set",)),
        matcher(
            rf"rabbitmqctl\s(?:[^\r\n]{{0,60}}?\s)?(?:add_user|change_password|authenticate_user)\s\S{{1,64}}\s{{1,2}}{_WORD}",
            before=("rabbitmqctl",),
        ),
        matcher(
            r"(?:xfreerdp|wfreerdp|mstsc|cmdkey|wmic|msdeploy)\s[^\r\n]{0,300}?/p(?:ass)?:(?P<secret>[^\s\"']{1,256})",
            before=("xfreerdp", "wfreerdp", "mstsc", "cmdkey", "wmic", "msdeploy"),
        ),
    ),
    positives=(
        ("docker login -u bob -p hunter2 registry.example.org", "hunter2"),
        ("az login --service-principal -u app -p hunter2 --tenant t1", "hunter2"),
        ("redis-cli -h r1 -a hunter2 ping", "hunter2"),
        ("ldapsearch -x -D cn=admin -w hunter2 -b dc=x", "hunter2"),
        ("smbclient //srv/share -U corp/bob%hunter2", "hunter2"),
        ("ipmitool -H 10.1.1.1 -U admin -P hunter2 chassis status", "hunter2"),
        ("mosquitto_pub -u bob -P hunter2 -t x -m y", "hunter2"),
        ("sqlcmd -S db -U sa -P hunter2 -Q x", "hunter2"),
        ("plink -pw hunter2 host", "hunter2"),
        ('type=EXECVE argc=3 a0="redis-cli" a1="-a" a2="hunter2"', "hunter2"),
        ('type=EXECVE argc=3 a0="mysql" a1="--password" a2="hunter2"', "hunter2"),
        ("tool.exe -password hunter2 -force", "hunter2"),
        ("redis-cli --pass hunter2", "hunter2"),
        ("echo 'bob:hunter2' | chpasswd", "hunter2"),
        ("echo hunter2 | passwd --stdin bob", "hunter2"),
        ("net user bob hunter2 /add", "hunter2"),
        (r"net use Z: \\srv\share /user:CORP\bob hunter2", "hunter2"),
        ('ConvertTo-SecureString "hunter2" -AsPlainText -Force', "hunter2"),
        ("CONFIG SET requirepass hunter2", "hunter2"),
        ("machine h login bob password hunter2", "hunter2"),
        ("tacacs-server key hunter2", "hunter2"),
        ("radius-server host 10.0.0.1 key 7 0822455D0A16", "0822455D0A16"),
        ("crypto isakmp key hunter2 address 10.0.0.1", "hunter2"),
        ("neighbor 10.0.0.1 password 7 0822455D0A16", "0822455D0A16"),
        ("key-string hunter2", "hunter2"),
        ("pre-shared-key hunter2", "hunter2"),
        ("schtasks /create /ru bob /rp hunter2 /tn x", "hunter2"),
        ("mongosh -u root -p hunter2 --eval 1", "hunter2"),
    ),
    negatives=(
        "docker run -p 8080:80 image, podman login --help -p",
        "ssh -p 2222 host, tar -P x, grep -w word file, mosquitto_pub -p 1883 -t x",
        "mongosh -p --host db, redis-cli -p 6379 ping, sqlcmd -S db,1433 -E",
        "net user bob /delete, net use Z: /delete, net user",
        "ConvertTo-SecureString $plain, ConvertTo-SecureString '$env:PW'",
        "requirepass is not set, usage: tool -password <password>",
        "radius-server host 10.0.0.1 auth-port 1812, radius: no key for server",
        "machine h login bob, the machine default login password policy",
        "crypto key generate rsa, neighbor 10.0.0.1 remote-as 65000",
        "echo done | tee log; echo 'a:b' | sort",
    ),
)
