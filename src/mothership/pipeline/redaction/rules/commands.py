"""The rule for passwords on the command lines of common tools."""
# ruff: noqa: E501 - an expression reads best in one piece

import re
from collections.abc import Iterator

from mothership.pipeline.redaction.rules.command_arguments import (
    COMMANDS,
    POSITIONS,
    behind_arguments,
    behind_option,
    secret_option,
)
from mothership.pipeline.redaction.rules.piped import PIPED, PIPED_NEGATIVES, PIPED_POSITIVES
from mothership.pipeline.redaction.rules.rule import QUOTE, REACH, WORD, CodeMatcher, Matcher, Rule, Span
from mothership.pipeline.redaction.rules.vocabulary import is_no_word, is_written_out, looks_like_secret


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

COMMAND_PASSWORD = Rule(
    name="command_password",
    description="Passwords on the command lines of common tools (`docker login -p`, `redis-cli -a`, `ldapsearch -w`, "
    "`net user`, `chpasswd`, `openssl -passin pass:`, `sqlplus user/…`, …) and in `.netrc` and `.pgpass`.",
    source="the manuals of the tools; netrc(5), pgpass",
    matchers=(
        *(behind_option(commands, option) for commands, option in COMMANDS),
        *(behind_arguments(commands, arguments) for commands, arguments in POSITIONS),
        *PIPED,
        # Every literal of a secret is one, whatever its key
        Matcher(
            rf"create\ssecret\sgeneric[^\r\n]{{0,160}}?--from-literal[=\s]{QUOTE}?[\w.-]{{1,64}}={WORD}",
            is_written_out,
        ),
        Matcher(
            rf"vault\skv\s(?:put|patch)\s(?:-\S{{1,32}}\s){{0,4}}[\w./-]{{1,128}}(?:\s[\w.-]{{1,40}}=\S{{1,128}}){{0,8}}?\s[\w.-]{{1,40}}={WORD}",
            is_written_out,
        ),
        Matcher(
            r"(?:bundle\sconfig\s(?:set\s)?(?:--\w{4,8}\s)?[\w./:-]{3,128}\s|curlftpfs\s|register\s=>\s)[\w.-]{1,64}:(?P<secret>[^\s\"'@:/]{3,128})(?=[\s@]|$)",
            is_written_out,
        ),
        Matcher(
            r"\b(?:exp|imp|expdp|impdp|sqlldr|tkprof)\s{1,2}(?:userid=)?[\\\"']{0,2}[A-Za-z][\w$#]{0,30}/(?P<secret>[^\s/\"'@\\;]{3,127})(?=@|\s|[\"'])",
            is_no_word,
        ),
        Matcher(
            rf"(?:bcrypt|Hash::make|make_password|password_hash|generate_password_hash|hashpw|set_password|setPassword|checkpw|check_password|verify_password)\(\s?b?{QUOTE}(?P<secret>[^\"'\\\r\n]{{3,128}}){QUOTE}",
            is_written_out,
        ),
        Matcher(r"Username:\s?\S{1,64}(?:\s|\\[rn]){1,4}Secret:\s?(?P<secret>[^\s\"'\\]{3,128})"),
        Matcher(
            r"(?:smb\w{2,10}|rpcclient|winexe|wbinfo|wmic|net)\s[^\r\n]{0,300}?-U\s{0,2}[\"']?[^\s%\"']{1,64}%(?P<secret>[^\s\"']{1,256})",
        ),
        Matcher(
            rf"(?:(?<=[\s\"'\[,])|(?<=^))-(?:password|passwd|pass|pwd|pw|api-?key|token|secret|access-?key|client-?secret)\s{{1,2}}{WORD}",
            secret_option,
            ignore_case=True,
        ),
        Matcher(
            rf"a[0-9]{{1,3}}={QUOTE}--?(?:password|passwd|pass|pw|token|secret|api-key){QUOTE}\s{{1,4}}a[0-9]{{1,3}}={QUOTE}(?P<secret>[^\"\\\r\n]{{1,256}}){QUOTE}",
        ),
        Matcher(
            rf"={QUOTE}(?:[\w./-]{{0,64}}/)?(?:redis-cli{QUOTE}[^\r\n]{{0,200}}?\sa[0-9]{{1,3}}={QUOTE}-a|sshpass{QUOTE}\sa1={QUOTE}-p){QUOTE}\s{{1,4}}a[0-9]{{1,3}}={QUOTE}(?P<secret>[^\"\\\r\n]{{1,256}}){QUOTE}",
        ),
        Matcher(
            rf"(?<![\w-])-(?:store|key|srcstore|deststore|new|srckey|destkey|trust|ks|ts|pass)pass(?:word|wd|phrase)?\s{{1,2}}{WORD}",
            secret_option,
            ignore_case=True,
        ),
        Matcher(
            r"(?:sqlplus|rman|expdp|impdp|sqlldr)\s(?:[^\r\n]{0,80}?\s)?(?:target\s|userid=)?[\\\"']{0,2}[A-Za-z][\w$#]{0,30}/(?P<secret>[^\s/\"'@\\][^\s\"'\\]{1,127}(?=@)|[^\s/\"'@\\][^\s\"'@\\]{1,127}(?=[\\\"']{0,2}(?:\s|$)))",
            lambda text: not text.startswith("as "),
        ),
        # A vault's: `az keyvault secret set --name db --value …`, `aws ssm put-parameter --type SecureString --value …`
        Matcher(
            rf"(?:secrets?\s(?:set|create|put|add|update|versions)|SecureString)\s[^\r\n]{{0,200}}?--(?:value|body|data)[\s=]{{1,2}}{WORD}",
            secret_option,
        ),
        Matcher(rf"\s--value[\s=]{{1,2}}{WORD}(?=[^\r\n]{{0,200}}SecureString)", secret_option),
        # `reg add HKLM\… /v DefaultPassword /t REG_SZ /d …`
        Matcher(
            rf"/v\s{{1,2}}[\\\"']{{0,2}}[\w.-]{{0,40}}(?:passw(?:or)?d|pwd|secret|token|apikey|community)\w{{0,16}}[\\\"']{{0,2}}\s[^\r\n]{{0,40}}?/d\s{{1,2}}{WORD}",
            is_no_word,
            ignore_case=True,
        ),
        # Nagios: `check_http!-a bob:…`; Postfix' map: `[smtp.example.com]:587 bob:…`; Redis: `ACL SETUSER app on >…`
        Matcher(
            r"check_\w{2,20}[!\s](?:[^\r\n]{0,200}?[\s!])?-[ab]\s?[^\s:!\"'/]{1,64}:(?P<secret>[^\s\"'!]{2,128})",
            is_no_word,
        ),
        Matcher(
            r"\[[\w.-]{3,128}\]:(?:25|465|587|2525)\s{1,8}[^\s:\"'>]{1,128}:(?P<secret>[^\s\"':]{3,128})",
            is_no_word,
        ),
        Matcher(
            r"SETUSER[\"']?\s[^\r\n]{0,200}?[\s\"']>(?P<secret>[^\s\"'\\]{1,256})",
            ignore_case=True,
        ),
        Matcher(rf"(?:radtest|wpa_passphrase)\s[^\s-]\S{{0,63}}\s{{1,2}}{WORD}"),
        Matcher(r"radtest\s\S{1,64}\s\S{1,128}\s\S{1,128}\s[0-9]{1,5}\s(?P<secret>[^\s\"']{1,128})"),
        Matcher(
            r"net1?(?:\.exe)?\s{1,4}use\s[^\r\n]{0,100}?\\\\[^\s]{1,128}\s{1,2}[\"']?(?P<secret>[^\s\"'/*][^\s\"']{0,127})[\"']?\s{1,2}/u(?:ser)?:",
            ignore_case=True,
        ),
        Matcher(
            rf"={QUOTE}(?:[\w./-]{{0,64}}/)?(?:mysql[a-z]{{0,8}}|mariadb[a-z-]{{0,8}}){QUOTE}[^\r\n]{{0,200}}?\sa[0-9]{{1,3}}={QUOTE}-p(?!ass(?:w(?:or)?d)?{QUOTE})(?P<secret>[^\"\\\r\n]{{1,256}}){QUOTE}",
        ),
        Matcher(
            r"(?<![\w.-])[\w*][\w.*-]{0,128}:(?:54(?:3[0-9]|4[0-9])|\*):[\w*-]{1,64}:[\w*.-]{1,64}:(?P<secret>[^\s:\"'\\]{3,128})(?=[\s\\\"]|$)",
            is_no_word,
        ),
        CodeMatcher(_beside_user, (_USER_AND_PASSWORD,)),
        Matcher(
            r"(?:lftp|ncftp\w{0,3})\s{1,2}-[up]\s{1,2}[\\\"']{0,2}[^\s,\"']{1,64},(?P<secret>[^\s\"'\\]{3,256})",
        ),
        Matcher(r"\s-auth\s[\w.@-]{1,64}:(?P<secret>[^\s\"']{3,128})"),
        Matcher(rf"--pass\s{{1,2}}{WORD}", secret_option),
        Matcher(
            r"echo\s(?:-[ne]\s)?[\"']?[\w.@-]{1,64}:(?P<secret>[^\s\"'|]{1,256})[\"']?\s{0,2}\|\s{0,2}(?:sudo\s)?chpasswd",
        ),
        Matcher(r"chpasswd[^\r\n]{0,40}?<<<\s{0,2}[\"']?[\w.@-]{1,64}:(?P<secret>[^\s\"']{1,256})"),
        Matcher(
            rf"a[0-9]{{1,3}}={QUOTE}-(?:u|-user){QUOTE}\s{{1,4}}a[0-9]{{1,3}}={QUOTE}[^\s\"':\\]{{0,64}}:(?P<secret>[^\"\\\r\n]{{1,256}}){QUOTE}"
        ),
        Matcher(rf"ssh-keygen\s(?:[^\r\n]{{0,200}}?\s)?-[NP]\s{{1,2}}{WORD}", secret_option),
        Matcher(
            r"htpasswd\s(?:-\w{1,8}\s){0,4}-?\w{0,8}b\w{0,4}\s\S{1,128}\s\S{1,64}\s(?P<secret>[^\s\"']{1,256})",
        ),
        Matcher(
            rf"net1?(?:\.exe)?\s{{1,4}}user\s{{1,4}}[\"']?[\w.$@\\-]{{1,64}}[\"']?\s{{1,4}}(?!/){WORD}(?=\\{{0,3}}[\"']?(?:\s{{1,4}}/|\s*$))",
            is_no_word,
            ignore_case=True,
        ),
        Matcher(
            r"net1?(?:\.exe)?\s{1,4}use\s[^\r\n]{0,200}?/u(?:ser)?:[\"']?[^\s\"']{1,128}[\"']?\s{1,2}[\"']?(?P<secret>[^\s\"'/*][^\s\"']{0,127})",
            ignore_case=True,
        ),
        Matcher(
            rf"ConvertTo-SecureString\s(?:-String\s|-AsPlainText\s(?:-Force\s)?(?:-String\s)?)?(?P<q>{QUOTE})(?P<secret>[^\"'\\\r\n]{{1,256}})(?P=q)",
            lambda text: not text.startswith("$"),
            ignore_case=True,
        ),
        Matcher(
            r"(?:machine\s{1,4}\S{1,128}|default)\s{1,4}login\s{1,4}\S{1,128}\s{1,4}password\s{1,4}(?P<secret>[^\s\"'\\]{1,256})",
            parted=False,
        ),
        Matcher(
            rf"rabbitmqctl\s(?:[^\r\n]{{0,60}}?\s)?(?:add_user|change_password|authenticate_user)\s\S{{1,64}}\s{{1,2}}{WORD}",
        ),
        Matcher(
            rf"(?:xfreerdp|wfreerdp|mstsc|cmdkey|wmic|msdeploy|vpncmd|net|runas)\s[^\r\n]{{0,300}}?/p(?:ass(?:word)?)?:{WORD}",
            is_written_out,
            ignore_case=True,
        ),
        # `connect to db user bob using …`, `.LOGON host/bob,…`, `catalog rc/…`, `bob/…@//host:1521/sid`
        Matcher(rf"connect\s(?:to\s)?[^\r\n;]{{0,80}}?\suser\s\S{{1,64}}\susing\s{WORD}", is_no_word, ignore_case=True),
        Matcher(rf"\.LOGON\s[\w./-]{{1,128}},{WORD}", is_no_word, ignore_case=True),
        Matcher(
            r"(?:catalog|target|auxiliary|connect|conn|userid=)\s{0,2}[\\\"']{0,2}[A-Za-z][\w$#]{0,30}/\\{0,2}\"?(?P<secret>[^\s/\"'@\\;]{3,127})(?=[\\\"']{0,3}[\s@;]|[\\\"']{0,3}$)",
            looks_like_secret,
            ignore_case=True,
        ),
        Matcher(
            r"(?<![\w/.:@-])[A-Za-z][\w$#]{0,30}/\\{0,2}\"?(?P<secret>[^\s/\"'@\\]{3,127})\\{0,2}\"?@//[\w.-]",
            looks_like_secret,
        ),
        # `:pserver:bob:…@host`, `impacket-psexec CORP/bob:…@host`
        Matcher(
            r"(?::pserver:|:sspi:)[\w.-]{1,64}:(?P<secret>[^\s/\"'@:\\]{3,127})@",
            is_written_out,
        ),
        Matcher(
            r"(?:impacket-\w{1,20}|(?:psexec|wmiexec|smbexec|secretsdump|smbclient|GetNPUsers|GetUserSPNs|dcomexec|atexec|lookupsid|ntlmrelayx)\.py)\s[^\r\n]{0,120}?[\w.-]{0,64}/?[\w.$-]{1,64}:(?P<secret>[^\r\n\"'@]{3,127})@[\w.-]",
            is_written_out,
        ),
    ),
    positives=(
        ("rasdial Office kim Zeilboot", "Zeilboot"),
        ("mc admin user add m kim Zeilboot", "Zeilboot"),
        ("poetry config http-basic.x kim Zeilboot", "Zeilboot"),
        ("vmrun -gu kim -gp Zeilboot runProgramInGuest", "Zeilboot"),
        ("ssh-keygen -p -P Zeilboot -f k", "Zeilboot"),
        ("esxcli system account set -i root -p Zeilboot -c Zeilboot", "Zeilboot"),
        ("racadm config -g cfgUserAdmin -o cfgUserAdminPassword -i 2 Zeilboot", "Zeilboot"),
        ("kubectl create secret generic x --from-literal=key=Zeilboot", "Zeilboot"),
        ("vault kv put secret/x key=Zeilboot", "Zeilboot"),
        ("bundle config gems.x.org kim:Zeilboot", "Zeilboot"),
        ("php artisan tinker: bcrypt('Zeilboot')", "Zeilboot"),
        ("Action: Login Username: kim Secret: Zeilboot", "Zeilboot"),
        ("htpasswd -nbB kiosk Stempelkissen4", "Stempelkissen4"),
        ("htpasswd -bnBC 10 kiosk Stempelkissen4", "Stempelkissen4"),
        (r"net   use  Y: \\nas1\scans /user:WERF\scan Meeuw-1988 /persistent:yes", "Meeuw-1988"),
        *PIPED_POSITIVES,
        ('"cmd": ["mysqladmin", "-u", "root", "password", "falcon 4417"]', "falcon 4417"),
        ("argv=['sshpass', '-p', 'crème-9055', 'ssh']", "crème-9055"),
        ("cmdline: sshpass\\x00-p\\x00Marlin2010~\\x00ssh", "Marlin2010~"),
        ('["redis-cli", "-a", "Tc7LmGCwWUBtgOB2"]', "Tc7LmGCwWUBtgOB2"),
        ("valkey-cli -a 'crème shadow 829!' ping", "crème shadow 829!"),
        ("evil-winrm -i h -u bob -p 'vanilla bridge compass anchor'", "vanilla bridge compass anchor"),
        ("hydra -l bob -p pumpkin4490 ssh://h", "pumpkin4490"),
        ("mosquitto_passwd -b /etc/mosquitto/pw bob granite48_", "granite48_"),
        ("samba-tool user create bob orion4417_", "orion4417_"),
        ("networksetup -setairportnetwork en1 'Deck 4 Guests' 'harbor lights'", "harbor lights"),
        ("VBoxManage controlvm x setcredentials bob 'blizzard 9' d", "blizzard 9"),
        (
            "mc alias set prod https://s3.example.com ACCESSK1 BVysBelnrzoyHpF7h6lDb4Tv5m3dGC9U",
            "BVysBelnrzoyHpF7h6lDb4Tv5m3dGC9U",
        ),
        ("http -a bob:qwertASD_1919 GET h", "qwertASD_1919"),
        ("skopeo copy --src-creds bob:zxcvQWE_1779 a b", "zxcvQWE_1779"),
        ("dig @h -y hmac-sha256:xfr:koOEPIuE8pzsQKuX9InrBzZSgxGJ8GPZq6YQLPWk= axfr", "koOEPIuE8pzsQKuX9InrBzZS"),
        ("netsh wlan set hostednetwork ssid=x key=rotterdam-65", "rotterdam-65"),
        ("pdftk a input_pw qwertQWE_7399 output b", "qwertQWE_7399"),
        ("db2 connect to FLEET user db2inst1 using bridge_51", "bridge_51"),
        (".LOGON tdpid/bob,Kr4k3n*761", "Kr4k3n*761"),
        ("rman target sys/Suns3t-466 catalog rc/anchor60_@y", "anchor60_"),
        ("bob/compass19_@//h:1521/X", "compass19_"),
        ("cvs -d :pserver:bob:UnxQ1DfZ8PE@h:/cvs co x", "UnxQ1DfZ8PE"),
        ("secretsdump.py 'corp/bob:Bridge720!@h'", "Bridge720!"),
        ("docker login -u bob -p hunter2 registry.example.org", "hunter2"),
        ("az login --service-principal -u app -p hunter2 --tenant t1", "hunter2"),
        ("redis-cli -h r1 -a hunter2 ping", "hunter2"),
        ("docker login -p 'Wat3r toren' registry.example.org", "Wat3r toren"),
        ('net  user guest "sparrow tundra27" /add', "sparrow tundra27"),
        ("chpasswd <<< deploy:raven607", "raven607"),
        ("ssh-keygen -t ed25519 -N 'G557GFNyN' -f id", "G557GFNyN"),
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
        ("machine h login bob password hunter2", "hunter2"),
        ("schtasks /create /ru bob /rp hunter2 /tn x", "hunter2"),
        ("mongosh -u root -p hunter2 --eval 1", "hunter2"),
        ("-password hunter2", "hunter2"),
        ("nuget push x.nupkg -ApiKey aB3dEf9hIjK", "aB3dEf9hIjK"),
        ("tool --user bob -h db -p hunter2 run", "hunter2"),
        ("splunk edit user admin -auth admin:hunter2", "hunter2"),
        ("echo hunter2 | kinit bob", "hunter2"),
        ("ansible-vault encrypt_string 'hunter2' --name x", "hunter2"),
        ('ConvertTo-SecureString -AsPlainText "hunter2" -Force', "hunter2"),
        ("keytool -genkey -storepass hunter2 -alias x", "hunter2"),
        ("sqlplus -s system/hunter2@ORCL @x.sql", "hunter2"),
        ("radtest bob swordfish localhost 0 hunter2", "hunter2"),
        (r"net use \\srv\c$ hunter2 /user:CORP\bob", "hunter2"),
        ('type=EXECVE argc=3 a0="mysql" a1="-u" a2="root" a3="-phunter2"', "hunter2"),
        ("db.example.com:5432:shop:app:hunter2", "hunter2"),
        ("7z a -phunter2 out.7z dir", "hunter2"),
        ("zip -P hunter2 out.zip a.txt", "hunter2"),
        ("lftp -u bob,hunter2 sftp://srv", "hunter2"),
        ("openssl enc -aes-256-cbc -k hunter2 -in a -out b", "hunter2"),
        ("wpa_passphrase home hunter2", "hunter2"),
        (
            "influx config create -n prod -u http://h:8086 -t pQ9zYv3xWk7Rb2LmNcT5jHfD8sGa1Ue4oIi",
            "pQ9zYv3xWk7Rb2LmNcT5jHfD8sGa1Ue4oIi",
        ),
        ("az keyvault secret set --vault-name kv1 --name db --value W1llowBend9", "W1llowBend9"),
        ("aws ssm put-parameter --name /a --type SecureString --value St0neCr0p", "St0neCr0p"),
        ("aws ssm put-parameter --name /a --value St0neCr0p --type SecureString", "St0neCr0p"),
        ("reg add HKLM\\SOFTWARE\\Winlogon /v DefaultPassword /t REG_SZ /d B1tternRe3d /f", "B1tternRe3d"),
        ("check_http!-a kim:Bl4ckth0rn -u /status", "Bl4ckth0rn"),
        ("[smtp.example.com]:587 relay:P3bbleSt0ne", "P3bbleSt0ne"),
        ('"ACL" "SETUSER" "app" "on" ">W0lfram74" "~*"', "W0lfram74"),
        ("/usr/bin/smbpasswd -U kim%Ott3rP0nd", "Ott3rP0nd"),
        ("drush user:password kim Ott3rP0nd", "Ott3rP0nd"),
    ),
    negatives=(
        "poetry config virtualenvs.in-project true, cf auth --help, rasdial /disconnect, vault kv get secret/x, kubectl create secret generic x --from-file=a",
        "exp a/b failed, register => done, bcrypt($password), bundle config path vendor, fab deploy -H h, fly deploy, swift build -c release, hdparm -tT /dev/sda",
        *PIPED_NEGATIVES,
        "docker run -p 8080:80 image, podman login --help -p",
        "ssh -p 2222 host, tar -P x, grep -w word file, mosquitto_pub -p 1883 -t x",
        "mongosh -p --host db, redis-cli -p 6379 ping, sqlcmd -S db,1433 -E",
        "net user bob /delete, net use Z: /delete, net user",
        "ConvertTo-SecureString $plain, ConvertTo-SecureString '$env:PW'",
        "machine h login bob, the machine default login password policy",
        "mysql -u root -p shop24, docker run -u app1 -p 8080:80, ssh -u x -p 2222, tool -u bob -p 8080 -token <token>",
        "echo done | tee log; echo 'a:b' | sort",
        "zip -r out.zip dir, 7z x out.7z -o/tmp, unzip -p out.zip a.txt, exp and imp/exp done",
        "sqlplus / as sysdba, sqlplus /nolog, sqlplus @/tmp/x.sql, rman target /",
        "openssl s_client -connect h:443, openssl rsa -passin file:/run/k, lftp -u bob sftp://srv",
        '["redis-cli", "-p", "6379"], ["docker", "login", "-u", "bob"], type=EXECVE a0="zip" a1="-r" a2="out.zip"',
        "samba-tool user create bob --random-password, isql DSN bob, mosquitto_passwd -c /etc/mosquitto/pw bob, user add bob",
        "dig @h example.com axfr, http GET h, skopeo copy a b, qpdf --decrypt a b, pdftk a cat output b, netsh wlan show profile",
        "connect to FLEET user db2inst1, image repo/app:1.25@sha256:aa11, HTTP/web01.example.com@CORP, npm i @types/node@20.1.0",
        "user:pass format expected, aws ssm put-parameter --type String --value eu-west-1, reg add HKCU /v Theme /d dark2",
        "check_http!-H h -u /status:x, [10.0.0.3]:587 ready: yes, ACL SETUSER app on ~* +@all, influx -t, secrets set --name x",
        "connect 10.0.0.9:5432:shop, h:5432:a:b:* 12:5432:1",
    ),
)
