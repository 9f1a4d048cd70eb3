"""Rules for the credentials of network devices, databases and command lines."""
# ruff: noqa: E501 - an expression reads best in one piece

import re

from mothership.pipeline.redaction.rules.rule import IN_LINE, QUOTE, Matcher, Rule
from mothership.pipeline.redaction.rules.validators import has_digit
from mothership.pipeline.redaction.rules.vocabulary import is_no_word, is_placeholder, is_written_out

_NO_COMMUNITY_WORDS = """
string name strings is not and or the a none null list mismatch invalid unknown unset missing wrong from for with access
failure failed error configured required denied rejected expired changed removed added to in on of by set
"""


_NO_COMMUNITY = frozenset(_NO_COMMUNITY_WORDS.split())


def _community(text: str) -> bool:
    if text.lower().rstrip(".,:;") in _NO_COMMUNITY:
        return False
    if text[0] == "<" and text[-1] == ">" and is_placeholder(text):
        return False
    return not re.fullmatch(r"[0-9]+(?::[0-9]+)*", text) and not set(text) <= set("*xX")


def _mixed_community(text: str) -> bool:
    return has_digit(text) and any(char.isalpha() for char in text) and _community(text)


SNMP_COMMUNITY = Rule(
    name="snmp_community",
    description="SNMP community strings in text: device configuration, command lines, `community=…`.",
    source="RFC 1157; Cisco IOS `snmp-server community`; Net-SNMP configuration and commands",
    matchers=(
        Matcher(
            r"(?:snmp-server\s{1,4}community|snmp\s{1,4}community|r[ow]community6?)\s{1,4}(?:[0-9]\s{1,4})?"
            r"(?:(?P<quote>[\"'])(?=[^\"'\r\n]{1,128}(?P=quote))|[\"']?)(?P<secret>(?(quote)[^\"'\r\n]{1,128}|[^\s\"',;]{1,128}))",
            _community,
            ignore_case=True,
        ),
        Matcher(
            r"community\s{1,2}(?:read-?only|read-?write|readwrite|readonly)\s{1,2}(?!community)(?P<secret>[^\s\"',;]{3,128})",
            _community,
            ignore_case=True,
        ),
        Matcher(r"authCommunity\s{1,4}[\w,]{1,64}\s{1,4}(?P<secret>[^\s\"',;]{1,128})", _community, ignore_case=True),
        Matcher(
            r"snmp\scommunity(?:\s[^\r\n\"]{0,40}|\s?/\s?edit\s[0-9]{1,4}\s?/\s?)?(?:set\s)?name\s{1,2}\\*\"(?P<secret>[^\"\\\r\n]{1,128})",
            _community,
            ignore_case=True,
        ),
        Matcher(
            r"snmp_?community\}?\s?(?:=>|->|:|=)\s?[\"']?(?P<secret>[^\s\"',;]{1,128})",
            _community,
            ignore_case=True,
        ),
        Matcher(
            r"community\s(?:name|string)\s{1,2}(?P<secret>[^\s\"',;:=]{3,128})(?=\s(?:from|for|at|on|in)\s)",
            _mixed_community,
            ignore_case=True,
        ),
        Matcher(
            r"\sC=\\*\"(?P<secret>[^\"\\\r\n]{1,128})\\*\"\s(?:Get|Set|Trap|V2Trap|Inform|Report)",
        ),
        Matcher(r"community\[(?:name:)?(?P<secret>[^\]\s*<>][^\]\r\n]{1,127})\]", _community, ignore_case=True),
        Matcher(r"snmp-community-string\s{1,4}(?P<secret>[^\s\"',;]{1,128})", _community, ignore_case=True),
        Matcher(
            r"snmp-agent\s{1,4}community\s{1,4}(?:read|write)\s{1,4}(?:(?:cipher|simple)\s{1,4})?(?P<secret>[^\s\"',;]{1,128})",
            _community,
            ignore_case=True,
        ),
        Matcher(
            r"snmp(?:-server|\s)\s{0,4}host\s{1,4}[^\s]{1,128}\s{1,4}(?:(?:traps|informs|version|vrf\s\S{1,32}|1|2c|3|auth|noauth|priv)\s{1,4}){1,6}"
            r"(?P<secret>[^\s\"',;]{1,128})",
            _community,
            ignore_case=True,
        ),
        Matcher(
            r"(?:trap2?sink|informsink)\s{1,4}[^\s]{1,128}\s{1,4}(?P<secret>[^\s\"',;]{1,128})",
            _community,
            ignore_case=True,
        ),
        # As a program logs its arguments, each between quotation marks: `snmpbulkwalk '-v2c' '-c' '…' 'udp:…'`
        Matcher(
            rf"snmp\w{{3,12}}{QUOTE}?,?\s[^\r\n]{{0,200}}?{QUOTE}-[cAX]{QUOTE},?\s{{1,2}}{QUOTE}(?P<secret>[^\"'\\\r\n]{{1,128}}){QUOTE}",
        ),
        *(
            Matcher(
                r"snmp(?:get|getnext|bulkget|walk|bulkwalk|set|table|trap|inform|status|df|delta|netstat|test)\s[^\r\n]{0,300}?"
                rf"\s-{option}\s{{0,2}}[\"']?(?P<secret>[^\s\"']{{1,128}})",
            )
            for option in "AX"
        ),
        Matcher(
            rf"(?:for|unknown|bad|wrong|invalid|with|using)\scommunity\s{{1,2}}(?P<q>{QUOTE})(?P<secret>[^\"'\\\r\n]{{1,128}})(?P=q)",
            _community,
            ignore_case=True,
        ),
        Matcher(
            r"(?:with|using)\scommunity\s{1,2}(?P<secret>[^\s\"',;]{3,128})",
            _mixed_community,
            ignore_case=True,
        ),
        Matcher(
            r"snmp(?!-agent)[^\r\n]{0,60}?\scommunity\s{1,2}[\"']?(?P<secret>[^\s\"',;]{1,128})",
            _community,
            ignore_case=True,
        ),
        Matcher(
            rf"createUser\s{{1,4}}(?:-e\s\S{{1,64}}\s)?\S{{1,64}}\s{{1,4}}(?:MD5|SHA[0-9-]{{0,4}})\s{{1,4}}(?P<secret>{IN_LINE}{{1,256}})",
        ),
        Matcher(
            rf"snmp-server\s{{1,4}}user\s[^\r\n]{{1,128}}?\sauth\s{{1,4}}(?:md5|sha)\S{{0,4}}\s{{1,4}}(?P<secret>{IN_LINE}{{1,256}})",
            ignore_case=True,
        ),
        Matcher(
            r"community\s?:\s?(?P<secret>[^\s\"'\\,;&)\]}]{3,128})",
            _mixed_community,
            ignore_case=True,
        ),
        Matcher(
            r"com2sec6?\s{1,4}(?:-Cn\s{1,4}\S{1,64}\s{1,4})?\S{1,64}\s{1,4}\S{1,64}\s{1,4}(?P<secret>[^\s\"']{1,128})",
            _community,
            ignore_case=True,
        ),
        Matcher(
            r"(?:snmp(?:get|getnext|bulkget|walk|bulkwalk|set|table|trap|inform|status|df|delta|netstat|test)|trapsess)\s[^\r\n]{0,200}?"
            r"-c\s{0,2}[\"']?(?P<secret>[^\s\"']{1,128})",
            _community,
        ),
        Matcher(
            r"check_snmp\S{0,20}(?:!|\s)(?:[^\r\n]{0,200}?\s)?-C\s{0,2}[\"']?(?P<secret>[^\s\"'!]{2,128})",
            _community,
        ),
        # What cannot be a word of a sentence, or what a command takes; scanners that try many
        Matcher(
            r"(?:(?:invalid|bad|unknown|wrong)\scommunity\s(?:string|name)?\s?[\"']?(?=\S{1,64}\sfrom\s)|trapcommunity\s{1,4}|'community'\s?=>\s?'|check_snmp!|--community[\s=]|lnms\s[^\r\n]{0,80}?\s-c\s|add_?(?:host|device)(?:\.php)?\s\S{1,128}\s(?=\S{1,64}\sv[123]))(?P<secret>[^\s\"',;!]{3,128})",
            _community,
            ignore_case=True,
        ),
        Matcher(
            r"(?:onesixtyone|snmp)[^\r\n\[]{0,60}?(?:[0-9]{1,3}\.){3}[0-9]{1,3}\s\[(?P<secret>[^\]\s]{3,64})\]",
            _community,
        ),
        Matcher(
            r"community(?:\s\([rw]{1,2}\):\s\[|:(?=[^\s:]{3,64}\s(?:oid|port|version|host|v[123])))(?P<secret>[^\s\]:]{3,64})",
            _community,
            ignore_case=True,
        ),
        Matcher(r"Login\sSuccessful:\s(?P<secret>\S{3,64})\s\(Access\slevel"),
        Matcher(
            r"snmp\scommunity\s(?:add|set)\s[^\r\n]{0,120}?\bname=[\"']?(?P<secret>[^\s\"',;]{1,128})",
            _community,
        ),
        Matcher(
            rf"community(?:[ _-]?(?:string|name))?(?:{QUOTE})?\s?=\s?(?:{QUOTE})?(?P<secret>[^\s\"'\\,;&)\]}}]{{1,128}})",
            _community,
            ignore_case=True,
        ),
        Matcher(
            rf"community(?:[ _-]?(?:string|name)(?:{QUOTE})?\s?:\s?(?:{QUOTE})?|{QUOTE}\s?:\s?{QUOTE}|\s?:\s?{QUOTE}"
            rf"|[ _-](?:string|name)\s{QUOTE})(?P<secret>[^\s\"'\\,;&)\]}}]{{1,128}})",
            _community,
            ignore_case=True,
        ),
    ),
    positives=(
        ("snmp-server community s3cretRO RO 10", "s3cretRO"),
        ("Invalid community string harbour from 10.0.0.1", "harbour"),
        ("./add_device.php core1 obs-lezer v2c 161 udp", "obs-lezer"),
        ('snmp-server community "copper pebble84" RO', "copper pebble84"),
        ("authCommunity log,execute,net 5TozRF6K", "5TozRF6K"),
        ('config system snmp community / edit 1 / set name "ember5968"', "ember5968"),
        ("{$SNMP_COMMUNITY} => 28SaffronD6ye", "28SaffronD6ye"),
        ("Authentication failure: bad community name Waterkant7916 from 10.0.0.9", "Waterkant7916"),
        ('IP 10.0.0.1.51684 > 10.0.0.9.161:  C="m4rbl3I4vC" GetRequest(28)', "m4rbl3I4vC"),
        ("set snmp-setting version v2c snmp-community-string K3M912SVGh", "K3M912SVGh"),
        ("snmpwalk -v2c -c pr1vate 10.0.0.1 1.3.6.1", "pr1vate"),
        ("bad community=n0c-ro from 10.0.0.9", "n0c-ro"),
        ('{"community":"n0c-ro","version":"2c"}', "n0c-ro"),
        ("rocommunity n0c-ro 10.0.0.0/8", "n0c-ro"),
        ("com2sec local 10.0.0.0/8 n0c-ro", "n0c-ro"),
        ('createUser bob SHA "authpass1" AES "privpass1"', "privpass1"),
        ("snmp-server user bob grp v3 auth sha authpass1 priv aes 128 privpass1", "authpass1"),
        ("unknown community string: n0c-ro", "n0c-ro"),
        ("SNMPv2c trap with community n0c-ro from 10.0.0.9", "n0c-ro"),
        ("snmp-server host 10.0.0.9 version 2c n0c-ro", "n0c-ro"),
        ("snmp-agent community read n0c-ro", "n0c-ro"),
        ("trap2sink 10.0.0.9 n0c-ro", "n0c-ro"),
        ("snmpget -v3 -u bob -l authPriv -a SHA -A authpass1 -x AES -X privpass1 10.0.0.9 sysUpTime.0", "privpass1"),
        ("snmpget -v3 -u bob -a SHA -A authpass1 10.0.0.9", "authpass1"),
        ("Timeout for community 'n0c-ro' at 10.0.0.9", "n0c-ro"),
        ("polling 10.0.0.9 with community n0c42ro", "n0c42ro"),
        ('{"community_string":"n0c-ro"}', "n0c-ro"),
        ("trapsess -v 2c -c n0c-ro 10.0.0.7:162", "n0c-ro"),
        ("/snmp community set [ find default=yes ] name=n0c-ro", "n0c-ro"),
    ),
    negatives=(
        "the open source community: join us",
        "bgp community 65000:100 set",
        "SNMP community mismatch from 10.0.0.9",
        "members of community 'engineering'",
        "snmp: community string not configured",
        "set community=65000:100",
        "snmpd[812]: Connection from UDP",
    ),
)

DEVICE_PASSWORD = Rule(
    name="device_password",
    description="Passwords in the configuration of network devices and in SQL (`enable secret 5 …`, "
    "`IDENTIFIED BY '…'`), and on command lines (`--password …`, `-u user:password`).",
    source="Cisco IOS password types; SQL CREATE USER; curl, mysql, sshpass",
    matchers=(
        Matcher(
            r"(?:password|secret|key)\s{1,4}(?:7\s{1,4}(?P<secret>[0-9A-Fa-f]{4,256})(?![0-9A-Za-z]))",
            ignore_case=True,
        ),
        Matcher(
            r"(?:password|secret|key)\s{1,4}[45689]\s{1,4}(?P<secret>[\w$./+=]{16,256})",
            ignore_case=True,
        ),
        Matcher(
            r"(?:enable|username\s{1,4}\S{1,64})\s{1,4}(?:privilege\s[0-9]{1,2}\s)?(?:password|secret)\s{1,4}"
            r"(?:level\s[0-9]{1,2}\s)?(?:[0-9]\s{1,4})?(?P<secret>[^\s\"',;]{4,256})",
            has_digit,
            ignore_case=True,
        ),
        Matcher(
            rf"(?:identified\s{{1,4}}(?:with\s{{1,4}}[\w']{{1,40}}\s{{1,4}})?by|password(?:\s(?:to|as|with))?)\s{{1,4}}N?(?P<q>{QUOTE})(?P<secret>[^\"'\\\r\n]{{1,256}})(?P=q)",
            is_written_out,
            ignore_case=True,
        ),
        Matcher(
            r"identified\s{1,4}by\s{1,4}(?P<secret>[^\s\"'\\;,]{4,128})",
            lambda text: is_no_word(text) and text.lower() not in {"values", "externally", "globally", "password"},
            ignore_case=True,
        ),
        Matcher(
            r"--[a-z0-9_-]{0,24}(?:password|passwd|passphrase|pass|secret|token|api-?key|access-key|secret-key|account-key|private-key|signing-key|encryption-key|certificate-key"
            r"|plaintext|secret-string|credential)(?:-?(?:string|value|[0-9]{1,2}))?(?:\s{1,4}|=|\\{0,3}[\"']\s?,\s?(?=\\{0,3}[\"']))(?!-(?:-|[a-z]\s)|[|<\[(])"
            r"(?:\\{0,3}(?P<q>[\"'])(?=[^\"'\r\n\\]{2,512}\\{0,3}(?P=q))|[\\\"']{0,4})(?P<secret>(?(q)[^\"'\r\n\\]{2,512}|[^\s\"'`\\]{2,512}))",
            is_no_word,
            ignore_case=True,
        ),
        Matcher(
            r"(?:\s-u|--user|--proxy-user)[ =]\s{0,3}[\"']?(?P<secret>[^\s:\"'/@]{0,64}:(?![0-9]{1,5}(?:[\s\"']|$))[^\s\"']{1,256})",
            is_written_out,
        ),
        Matcher(
            rf"(?:curl|wget|http|httpie|xh)\s(?:[^\r\n]{{0,300}}?\s)?(?:-[a-zA-Z]{{0,6}}u|--user|--proxy-user|-a|--auth)[\s=]{{0,4}}(?:[^\s:\"'/@]{{0,64}}:)?(?P<q>{QUOTE})(?P<secret>(?:[^\s:\"'/@\\]{{0,64}}:)?(?:(?!(?P=q))[^\r\n]){{2,256}})(?P=q)",
            lambda text: is_written_out(text) and (":" in text or " " in text or has_digit(text)),
        ),
        Matcher(
            r"curl\s(?:[^\r\n]{0,300}?\s)?-[a-zA-Z]{0,6}u\s?[\\\"']{0,2}(?P<secret>[^\s:\\\"'/@]{1,64}:(?![0-9]{1,5}(?:[\s\"']|$))[^\s\\\"']{1,256})",
            is_written_out,
        ),
        Matcher(
            rf"password\s?\(\s?(?P<q>{QUOTE})(?P<secret>[^\"'\\\r\n]{{1,256}})(?P=q)",
            ignore_case=True,
        ),
        Matcher(
            rf"sshpass\s{{1,4}}-p\s{{0,4}}(?:(?P<q>{QUOTE})(?=[^\"'\r\n\\]{{1,256}}(?P=q)))?(?P<secret>(?(q)[^\"'\r\n\\]{{1,256}}|[^\s\"']{{1,256}}))",
        ),
        Matcher(
            r"(?:mysql[a-z]{0,12}|mariadb[a-z-]{0,12})\s(?:-[^p\s][^\s]{0,64}\s{1,2}|[^\s-][^\s]{0,64}\s{1,2}){0,8}"
            r"-p(?![0-9]{2,5}(?:\s|$))(?:\\{0,4}[\"'](?=[^\s]))?(?P<secret>(?:(?<=[\"'])[^\"'\\\r\n]|[^\s\"'\\]){1}[^\s\"'\\]{1,256})",
            is_written_out,
        ),
    ),
    positives=(
        ("enable secret 5 $1$mERr$hx5rVt7rPNoS4wqbXKX7m0", "$1$mERr$hx5rVt7rPNoS4wqbXKX7m0"),
        ("username admin password 7 0822455D0A16", "0822455D0A16"),
        ("CREATE USER bob IDENTIFIED BY 'hunter2'", "hunter2"),
        ("CREATE DATABASE LINK l CONNECT TO app IDENTIFIED BY hunter2 USING 'x'", "hunter2"),
        ("changed password to 'hunter2'", "hunter2"),
        ("exec tool --db-password hunter2 --verbose", "hunter2"),
        ("imapsync --host1 h --password1 'qaz copper 25' --host2 k --password2 5FXbqwtZZQ", "qaz copper 25"),
        ('args: ["--db-pass", "pumpkin copper blizzard"]', "pumpkin copper blizzard"),
        ("aws secretsmanager put-secret-value --secret-string 'crème-8212'", "crème-8212"),
        ("curl -u bob:hunter2 http://x", "bob:hunter2"),
        ("curl -u  bob:hunter2 http://x", "bob:hunter2"),
        ("curl --user kevin:'pw of mine' http://x", "pw of mine"),
        ("curl -u 'ops:lantern copper20' http://x", "lantern copper20"),
        ("curl -u :hunter2 http://x", "hunter2"),
        ('sshpass -p "thunder cobalt sparrow81" scp a b:', "thunder cobalt sparrow81"),
        ("mysql -u root -phunter2 db", "hunter2"),
        ("mysql -u root -p'hunter2' db", "hunter2"),
        ('mariadb-dump -p"hunter2" db', "hunter2"),
        ("curl -ubob:hunter2 http://x", "bob:hunter2"),
        ("curl -s -su bob:hunter2 http://x", "bob:hunter2"),
        ("SET PASSWORD FOR 'bob'@'%' = PASSWORD('hunter2')", "hunter2"),
    ),
    negatives=(
        "Failed password for root from 10.0.0.1 port 22 ssh2",
        "message repeated 5 times: [ Failed password for root ]",
        "password 5 times wrong",
        "usage: tool --token <token> --password [prompt]",
        "the --username and --password options instead",
        "Using --password via the CLI is insecure, the --token option is deprecated",
        "docker run -u 1000:1000 image",
        "mysql -u root -p db",
        "mysql -p3306 -h db, mysql -P 3306 -h db",
        "curl -u bob http://x:80/",
    ),
)

DEVICES = (SNMP_COMMUNITY, DEVICE_PASSWORD)
