"""Passwords on lines of their own, below the line that says so: here-documents, and lists of users and passwords."""
# ruff: noqa: E501 - an expression reads best in one piece

import re
from collections.abc import Iterator

from mothership.pipeline.redaction.rules.rule import REACH, CodeMatcher, Matcher, Span
from mothership.pipeline.redaction.rules.vocabulary import is_no_word, is_written_out, looks_like_secret, says_words

LINES_MAX = 3
"""Lines of a here-document that can be a password, perhaps twice, or an old one and a new one: a longer one is a text."""
ACCOUNTS_MAX = 200
_BREAK = r"(?:\r?\n|(?:\\{1,2}r)?\\{1,2}n)"
_END = re.compile(_BREAK)
_TAKES = (
    r"(?:\b(?:kinit|kpasswd|passwd|smbpasswd|kadmin\w{0,6}|vault\s(?:login|operator\sunseal)|docker\slogin|podman\slogin|helm\sregistry\slogin|ssh-add|cryptsetup|htpasswd|openconnect"
    r"|mysql_config_editor|vncpasswd|su|gh\sauth\slogin|ldappasswd|realm\sjoin|net\sads\sjoin|ipa-\w{3,20}|npm\slogin)\b|sudo\s[^\r\n<]{0,40}?-\w{0,4}S"
    r"|--?(?:pass(?:word|phrase)?|token|key)-?(?:stdin|fd\s0|file[= ]-)"
    r"|(?:cat|tee|install|dd)\s[^\r\n<]{0,120}?(?:pass(?:word|wd|phrase|code)?|pwd|secret|token|credential|\.netrc|\.pgpass|apikey|psk)(?![\w./-]{0,40}(?:policy|hint|help|readme|guide|rotat|check|\.(?:md|adoc|html|py|sh|service|ya?ml|json|sql|conf)\b)))"
)
_HERE = re.compile(
    rf"{_TAKES}[^\r\n<]{{0,160}}<<[-~]?\s?[\\\"']{{0,2}}(?P<tag>[A-Za-z_][\w-]{{0,24}}|!)[\"']?[^\r\n\\<]{{0,120}}{_BREAK}"
)
_ENDS_WITH = re.compile(r"[\"')\]};,\s]{0,8}\Z")
_LIST = re.compile(
    rf"chpasswd(?:[\"']?\s{{0,2}}:\s{{0,2}}(?:\{{\s?)?(?:[^{{}}\[\]<]{{0,80}}?[\s\"',])?[\"']?list[\"']?\s?:\s?[\[|>-]{{0,2}}|[^\r\n<]{{0,40}}<<[-~]?\s?[\\\"']{{0,2}}\w{{1,24}}[\"']?[^\r\n\\]{{0,80}}){_BREAK}?"
)
_ACCOUNT = re.compile(
    rf"[ \t,]{{0,40}}(?:-\s{{1,4}})?\\{{0,3}}[\"']?[A-Za-z_][\w.@-]{{0,63}}:(?![ \t])(?P<secret>[^\s\"'\\,\]]{{1,256}})\\{{0,3}}[\"']?[ \t,]{{0,4}}(?:{_BREAK}|\]|$)"
)
_CHAP_SERVER = r"(?:\*|l2tpd|xl2tpd|l2tp|pptpd|pptp|pppd|pppoe(?:-server)?|rp-pppoe|accel(?:-ppp)?|lns|LNS|lac|LAC|LinuxPPPoE|sstpd?|ppp)"


def _is_password(text: str) -> bool:
    return is_written_out(text) and not says_words(text) and any(map(str.isalnum, text))


def _is_chap_secret(text: str, start: int, end: int) -> bool:
    """Tell the third of four columns from a word of a sentence about a connection."""
    secret = text[start:end]
    return (
        text[start - 1] == '"'
        or looks_like_secret(secret)
        or (text[end:].lstrip(' \t"')[:1] == "*" and is_no_word(secret))
    )


def _here(text: str, start: int, end: int) -> Iterator[Span | None]:
    """Find what a here-document feeds to a command that takes a password, or writes into a file for one."""
    last = min(len(text), end + REACH)
    for head in _HERE.finditer(text, start, last):
        if head.start() >= end:
            return
        lines: list[Span] = []
        at, closed = head.end(), False
        while len(lines) <= LINES_MAX:
            stop = _END.search(text, at, min(last, at + 300))
            line = (at, stop.start() if stop else min(last, at + 300))
            if _ENDS_WITH.sub("", text[slice(*line)]).strip() == head["tag"]:
                closed = True
                break
            lines.append(line)
            if stop is None:
                break
            at = stop.end()
        yield None  # counts as a candidate
        if not closed or len(lines) > LINES_MAX:
            continue
        for first, behind in lines:
            line_text = text[first:behind]
            indent = len(line_text) - len(line_text.lstrip())
            yield (first + indent, behind) if _is_password(line_text.strip()) else None


def _accounts(text: str, start: int, end: int) -> Iterator[Span | None]:
    """Find the passwords of what `chpasswd` is told: a line for each user."""
    last = min(len(text), end + REACH)
    for head in _LIST.finditer(text, start, last):
        if head.start() >= end:
            return
        yield None  # counts as a candidate
        at = head.end()
        for _ in range(ACCOUNTS_MAX):
            account = _ACCOUNT.match(text, at, last)
            if account is None:
                break
            yield (
                account.span("secret")
                if is_written_out(account["secret"]) and account["secret"] not in {"R", "RANDOM"}
                else None
            )
            at = account.end()


BELOW: tuple[Matcher | CodeMatcher, ...] = (
    CodeMatcher(_here, (_HERE,)),
    CodeMatcher(_accounts, (_LIST,)),
    # chap-secrets and pap-secrets: client, server, secret, addresses
    Matcher(
        rf"[ \t]{{1,20}}[\"']?{_CHAP_SERVER}[\"']?[ \t]{{1,20}}(?P<quote>\")?(?P<secret>(?(quote)[^\"\r\n]{{1,128}}|[^\s\"'\\*]{{4,128}}))(?(quote)\")[ \t]{{1,20}}(?:\"?\*\"?|-|[0-9]{{1,3}}(?:\.[0-9]{{1,3}}){{3}}(?:/[0-9]{{1,2}})?)(?=\s{{0,4}}(?:$|[\r\n#]|\\[rn]))",
        preceded=r"(?:^|[\s|>:])[\"']?[\w.@\\*-]{1,36}[\"']?",
        fits=_is_chap_secret,
    ),
)

BELOW_POSITIVES = (
    ("kinit ops@EXAMPLE.ORG <<EOF\nRiver-Stone-4\nEOF", "River-Stone-4"),
    ("sudo -S reboot <<'PW'\nmoonlight\nPW", "moonlight"),
    ("passwd deploy <<-END\n\tTh1stle!\n\tTh1stle!\n\tEND", "Th1stle!"),
    ("cat > /etc/backup/.restic-password << 'E_O_F'\nlong walk home\nE_O_F", "long walk home"),
    ("tee ~/.vault-token <<_T_ >/dev/null\nabcdefgh\n_T_", "abcdefgh"),
    ('{"cmd":"docker login -u ci --password-stdin r.example.org <<X\\nP1nkFloyd\\nX"}', "P1nkFloyd"),
    ("chpasswd <<EOF\nroot:W1nter-sun\nadmin:Spr1ng-rain\nEOF", "Spr1ng-rain"),
    (
        "#cloud-config\nchpasswd:\n  expire: false\n  list:\n    - core:gr4nite-hill\n    - ops:sl4te-roof\n",
        "sl4te-roof",
    ),
    ("chpasswd: { list: [ 'pi:rasp-berry-9' ] }", "rasp-berry-9"),
    ('"branch7" xl2tpd "OldOak-22" 10.9.0.7', "OldOak-22"),
    ("kim pptpd teapot77 *", "teapot77"),
)
BELOW_NEGATIVES = (
    "cat > /etc/motd <<EOF\nWelcome aboard\nEOF, kinit svc <<< $pw, passwd: see <<PAGE\n",
    "cat > password-policy.md <<EOF\nRotate yearly\nEOF",
    "cat > passwords.md <<EOF\na\nb\nc\nd\ne\nEOF",
    "sudo tee /etc/hosts <<X\n10.0.0.1 web\nX, vault login <<EOF\n$TOKEN\nEOF",
    "chpasswd: line 3: missing new password, chpasswd <<EOF\nroot:$PW\nEOF",
    "eth0 ppp packets 12 *, user pppd started 10.0.0.1, tun0 l2tp up -, user pppd started 10.0.0.1\n",
)
