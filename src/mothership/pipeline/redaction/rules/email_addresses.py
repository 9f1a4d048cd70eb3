"""The rule for e-mail addresses."""
# ruff: noqa: E501 - an expression reads best in one piece, and these are the signs that people write

import re
from collections.abc import Iterator

from mothership.pipeline.redaction.rules.rule import CodeMatcher, Rule, Span
from mothership.pipeline.redaction.rules.validators import (
    digits_of,
)

_LETTER = "A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f"
_OTHER_LETTER = "\u0370-\u1fff\u3040-\ud7af"
# The local part is read backwards from the `@` and at most 64 characters far: forwards it would be quadratic.
_LOCAL = re.compile(rf"[{_LETTER}0-9._+'~-]{{1,64}}|[{_OTHER_LETTER}]{{1,32}}|\"[^\"\r\n]{{1,62}}\"")
_DOMAIN = re.compile(
    rf"@((?:(?:[{_LETTER}0-9](?:[{_LETTER}0-9-]{{0,61}}[{_LETTER}0-9])?|[{_OTHER_LETTER}]{{1,63}})\.){{1,8}})"
    rf"([{_LETTER}]{{2,24}}|[{_OTHER_LETTER}]{{2,12}})(?![{_LETTER}0-9]|-[a-z0-9])",
    re.IGNORECASE,
)
_ADDRESS = re.compile(rf"[{_LETTER}{_OTHER_LETTER}0-9._+'~\"-]{_DOMAIN.pattern}", re.IGNORECASE)
_FILE_AND_UNIT_ENDINGS = """
service socket target timer mount automount slice scope swap path device png jpg jpeg gif svg webp ico bmp css js jsx
ts tsx json xml html htm log txt conf cfg ini yml yaml toml jar war dll exe sys java class lock tmp bak gz tgz tar whl
deb rpm pem crt pid sock csv
"""
_NOT_TOP_LEVEL = frozenset(
    # Unit types of systemd (`user@1000.service`) and file names (`icon@2x.png`).
    _FILE_AND_UNIT_ENDINGS.split()
)


_URL_USER = re.compile(r"[a-z0-9+.-]://[^\s/?#\"<>]{0,128}\Z")


# Made by the sender's program: the part before the `@` is figures, and no mailbox.
_MESSAGE_ID = re.compile(
    r"(?:message[-_]?id|references|in[-_]reply[-_]to|content[-_]id|resent[-_](?:message[-_])?id)\W{1,8}(?:<[^>\s]{1,80}>\s)?<?(?P<made>[0-9A-Fa-f.$_-]{8,64})\Z",
    re.IGNORECASE,
)
_MADE_DIGITS_MIN = 5
# A message's identifier is alone in its field: `{"message_id": "<….@host>"}`.
_ALONE = re.compile(r"<(?:[0-9a-f]{32,64}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})@[\w.-]{1,255}>", re.IGNORECASE)
# Algorithms and requests that others than the IETF have named: RFC 4251, section 6.
_SSH_NAME = re.compile(
    r"(?:^|[^\w.+-])(?:(?:aes|chacha|hmac-|umac-|curve|sntrup|kex-|ssh-(?:rsa|dss|ed)|sk-|ecdsa-|rsa-sha|webauthn-|hostkeys-|rijndael-)[a-z0-9-]{1,48}"
    r"|zlib|eow|keepalive|ping|pong|tun|limits|expand-path|fsync|hardlink|lsetstat|posix-rename|f?statvfs|home-directory|users-groups-by-id|no-more-sessions|publickey-hostbound(?:-v00)?"
    r"|session-bind|restrict-destination-v00|associated-certs-v00|auth-agent(?:-req)?|(?:cancel-)?streamlocal-forward|(?:direct|forwarded)-streamlocal|x11-req|elevation)\Z"
)
_SSH_DOMAINS = frozenset(("@openssh.com", "@libssh.org", "@tinyssh.org", "@lysator.liu.se", "@ssh.com"))
# Of Kerberos: a machine's service, `host/web1.example.com@EXAMPLE.COM`, or the realm's own.
_PRINCIPAL = re.compile(
    r"(?:^|[^\w/.@-])(?:(?i:host|https?|nfs|cifs|ldap|imap|smtp|pop|ftp|dns|gc|postgres|kafka|hdfs|hive|yarn|mapred|zookeeper|hbase|impala|spark|livy|mssqlsvc|termsrv|wsman|rpc|restrictedkrbhost|ipp|xmpp|afs|ceph|oracle|sip)"
    r"/(?:[a-z0-9-]{1,63}\.[a-z0-9.-]{1,190}|(?=[a-z-]{0,63}[0-9])[a-z0-9-]{1,63})(?::[0-9a-z]{1,16})?|krbtgt/[A-Z0-9.-]{1,190}|kadmin/(?:admin|changepw|history)|kiprop/[a-z0-9.-]{1,190})\Z"
)


def _emails(text: str, start: int, end: int) -> Iterator[Span | None]:
    at = text.find("@", start, end + 64)
    while at >= 0:
        local = _LOCAL.match(text[max(0, at - 64) : at][::-1])
        domain = _DOMAIN.match(text, at) if local else None
        if local and domain and domain[2].lower() not in _NOT_TOP_LEVEL and not _other_use(text, at, domain):
            name = local[0][::-1].lstrip(".'-~+")
            yield (at - len(name), domain.end()) if name and not name.endswith(".") else None
        else:
            yield None
        at = text.find("@", domain.end() if domain else at + 1, end + 64)


def _other_use(text: str, at: int, domain: "re.Match[str]") -> bool:
    """Tell a mailbox from a repository's address (`git@github.com:owner/name`), a URL's user, and names with an `@`."""
    if text.find("://", max(0, at - 160), at) >= 0 and _URL_USER.search(text, max(0, at - 160), at):
        return True
    if _is_message_id(text, at, domain) or _names_no_person(text, at, domain):
        return True
    return text[max(0, at - 3) : at] in {"git", "svn"} and text[domain.end() : domain.end() + 1] in {":", "/"}


def _is_message_id(text: str, at: int, domain: "re.Match[str]") -> bool:
    made = _MESSAGE_ID.search(text, max(0, at - 128), at)
    if made and len(digits_of(made["made"])) >= _MADE_DIGITS_MIN:
        return True
    return text[0] == "<" and domain.end() + 1 == len(text) and _ALONE.fullmatch(text) is not None


def _names_no_person(text: str, at: int, domain: "re.Match[str]") -> bool:
    """Tell the name of an SSH algorithm, and the Kerberos principal of a host or of a service."""
    if domain[0] in _SSH_DOMAINS:
        return _SSH_NAME.search(text, max(0, at - 64), at) is not None
    return domain[0].isupper() and _PRINCIPAL.search(text, max(0, at - 255), at) is not None


EMAIL = Rule(
    name="email",
    description="E-mail addresses.",
    source="RFC 5321 and 5322; local part bounded to 64 characters, domain labels to 63",
    matchers=(CodeMatcher(_emails, (_ADDRESS,)),),
    positives=(
        ("login failed for alice@example.com from 10.0.0.1", "alice@example.com"),
        ("to=<bob.smith+tag@mail.example.co.uk>, relay=mx", "bob.smith+tag@mail.example.co.uk"),
        ("{'email':'o'brien@example.org'}", "o'brien@example.org"),
        ("联系alice@example.com谢谢", "alice@example.com"),
        ("mail to jürgen.müller@exämple.de now", "jürgen.müller@exämple.de"),
        ("user=ALICE@EXAMPLE.COM;id=4", "ALICE@EXAMPLE.COM"),
        ("to 用户@例子.中国 or al.ice@例え.jp", "al.ice@例え.jp"),
        ('from "alice smith"@example.com', "smith"),
        ("user alice\\x40example.com", "alice"),
        ("<a href='mailto:alice&#64;example.com'>", "alice"),
        ("<a href='mailto:alice&#x40;example.com'>", "alice"),
        ("alice@example.com_bak", "alice@example.com"),
        ("bounce alice=40example.com;", "alice"),
        ("patch by djm@openssh.com, alice-hmac-sha2@openssh.com", "djm@openssh.com"),
        ("AS_REQ 203.0.113.130: alice@PROD.INTERNAL for krbtgt/PROD.INTERNAL@PROD.INTERNAL", "alice@PROD.INTERNAL"),
        ("principal alice/admin@EXAMPLE.COM authenticated", "admin@EXAMPLE.COM"),
        ("kept in http/alice@EXAMPLE.COM", "alice@EXAMPLE.COM"),
        ("reply of host/alice.smith@example.com", "alice.smith@example.com"),
        ('{"message_id": "<alice.smith@example.com>"}', "alice.smith@example.com"),
        ("message-id=<alice.20240115@example.com>", "alice.20240115@example.com"),
        ("to=<f600bc29e59b50ea5c9dc7439b55034b@relay.example.com>, status=sent", "f600bc29e59b50ea5c9dc7439b55034b"),
    ),
    negatives=(
        "Started user@1000.service - User Manager for UID 1000.",
        "npm install lodash@4.17.21 @types/node@20.1.0",
        "loaded icon@2x.png",
        "java.lang.Object@1b6d3586 leaked",
        "removed; message-id=<20333045330187.4171EF89B27@nas-prod3.local>",
        "postfix/cleanup[19964]: B9954C9907: message-id=<f600bc29e59b50ea5c9dc7439b55034b@fw-27.corp.example.com>",
        '{"to": "<hidden>", "message_id": "<95fdd386-4485-d9fc-1406-cf2726199af1@gw-13.plant3.local>"}',
        'In-Reply-To: <9a1b-c2d3.e4f5.6@mail.example.com>, \\"Message-ID\\": \\"<20240115.8f3a@mail.example.com>\\"',
        "<95fdd386-4485-d9fc-1406-cf2726199af1@mail.example.com>",
        "debug2: ciphers stoc: chacha20-poly1305@openssh.com,aes128-ctr,aes256-gcm@openssh.com,rijndael-cbc@lysator.liu.se",
        "kex: sntrup761x25519-sha512@openssh.com MACs umac-128-etm@openssh.com, curve25519-sha256@libssh.org, none,zlib@openssh.com",
        "sk-ssh-ed25519-cert-v01@openssh.com, hostkeys-00@openssh.com, keepalive@openssh.com, posix-rename@openssh.com",
        "NEEDED_PREAUTH: host/bld-20.lan@PROD.INTERNAL for krbtgt/PROD.INTERNAL@PROD.INTERNAL, kadmin/changepw@EXAMPLE.COM",
        "HTTP/web.example.com@EXAMPLE.COM MSSQLSvc/db1.example.com:1433@EXAMPLE.COM nfs/nas2@EXAMPLE.COM",
        "cloning git@github.com:owner/repo.git",
        "root@localhost:~# ls",
        "sd=[exampleSDID@32473 iut=3]",
    ),
)
