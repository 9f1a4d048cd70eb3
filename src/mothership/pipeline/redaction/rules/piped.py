"""Passwords that a shell feeds to a command: through a pipe, in a here-string, by process substitution."""
# ruff: noqa: E501 - an expression reads best in one piece

import re

from mothership.pipeline.redaction.rules.rule import Matcher
from mothership.pipeline.redaction.rules.validators import readable
from mothership.pipeline.redaction.rules.vocabulary import is_written_out, looks_like_secret, says_words

_WORD = (
    r"\\{0,3}(?P<quote>[\"'])?(?P<secret>(?(quote)(?:(?!\\{0,3}(?P=quote))[^\r\n]){1,256}|[^\s\"'|;&()<>`$\\]{1,256}))"
)
"""A word of a shell, in which `printf` may have its `\\n`."""
_ECHO = r"(?:echo|printf|yes)\s{1,2}(?:-[neE]{1,3}\s{1,2}){0,2}(?:[\\\"']{0,3}%s(?:\\{1,2}n)?[\\\"']{0,3}\s{1,2})?"
_DECODED = r"base64\s{1,2}(?:-d|-D|-di|--decode)"
_TAKES = (
    r"(?:sudo\s{1,2}(?:-\S{1,12}\s{1,2}){0,3}-\S{0,6}S|(?:sudo\s{1,2})?(?:passwd|smbpasswd|kinit|gpg2?|cryptsetup|su(?=\s)|docker\slogin|podman\slogin"
    r"|nerdctl\slogin|oras\slogin|helm\sregistry|vault\slogin|ssh-add|openconnect|vncpasswd|x11vnc|mkpasswd|wg\s(?:pubkey|set)|ipa|realm|adcli"
    r"|net\sads|gh\sauth|zip|7z|mysql|psql|lpass|bw|op|keepassxc-cli|pass\sinsert)(?![\w-])|[^|\r\n]{0,60}?\s(?:login|signin|unlock|--?(?:set|change)-pass(?:word|wd)?)(?![\w-])|[^|\r\n]{0,120}?\s-{1,2}(?:pass(?:word|wd|phrase)?|pw|token|secret|key)?(?:-from)?(?:-on)?-?(?:stdin|fd)(?![\w-]))"
)
_NAMED = r"(?:pass(?:word|wd|phrase)?|pw|pwd|psk|(?:shared|private|signing|api)-?key|key-?file|secret|token|auth|creds?|credentials?|-[ywj]|data-file)"


def _is_fed(text: str) -> bool:
    return is_written_out(text) and not says_words(text) and re.search(r"\w{3}", text) is not None


def _is_encoded(text: str) -> bool:
    """Tell whether what is decoded on the spot is a password, or a user and one, rather than any text."""
    plain = readable(text)
    return looks_like_secret(plain) or (":" in plain and looks_like_secret(plain.rpartition(":")[2]))


PIPED = (
    # `echo PASSWORD | sudo -S`, `(echo PASSWORD; echo PASSWORD) | smbpasswd -s`, `echo BASE64 | base64 -d | kinit`
    Matcher(
        rf"{_ECHO}{_WORD}[\\\"']{{0,3}}[\s)]{{0,3}}(?:;\s{{0,2}}(?:echo|printf)[^|\r\n]{{0,120}})?\|\s{{0,2}}(?:{_DECODED}\s{{0,2}}\|\s{{0,2}})?{_TAKES}",
        _is_fed,
    ),
    Matcher(rf"{_ECHO}{_WORD}[\\\"']{{0,3}}\s{{0,2}}\|\s{{0,2}}{_DECODED}", _is_encoded),
    # `passwd --stdin bob <<< PASSWORD`, `base64 -d <<< BASE64 | sudo -S`
    Matcher(
        rf"(?:{_NAMED}|passwd|stdin|luks\w{{2,12}}|kinit|login|join|gpg)(?![A-Za-z])[^\r\n|;<]{{0,80}}<<<\s{{0,2}}\$?{_WORD}",
        _is_fed,
        ignore_case=True,
    ),
    Matcher(rf"{_DECODED}\s{{0,2}}<<<\s{{0,2}}\$?{_WORD}[\\\"']{{0,3}}\s{{0,2}}\|\s{{0,2}}{_TAKES}", _is_fed),
    # `--password-file=<(echo PASSWORD)`, `--password-command 'echo PASSWORD'`, `private-key <(echo KEY)`
    Matcher(
        rf"{_NAMED}[\w-]{{0,12}}[\s=]{{1,2}}[\\\"']{{0,3}}(?:<\(\s{{0,2}})?(?:{_ECHO}|vncpasswd\s-f\s<<<\s{{0,2}}){_WORD}",
        _is_fed,
        ignore_case=True,
    ),
    # What a script types in: `send -- "PASSWORD\r"`
    Matcher(
        r"\bsend(?:\s--)?\s{1,2}\\{0,3}\"(?P<secret>(?:[^\"\r\n\\]|\\{1,3}[^\"\r\n\\rn]){3,128})\\{1,3}[rn]",
        looks_like_secret,
    ),
)

PIPED_POSITIVES = (
    ("echo 'maple marlin orion bridge' | gpg --batch --passphrase-fd 0 -d f", "maple marlin orion bridge"),
    ("printf '%s' 'granite513' | docker login -u x --password-stdin r.example.com", "granite513"),
    ("printf 'sunset79!\\nsunset79!\\n' | passwd bob", "sunset79!"),
    ("(echo falcon4417; echo falcon4417) | smbpasswd -s bob", "falcon4417"),
    ("yes 'marlin_24' | passwd bob", "marlin_24"),
    ('echo "4nch0r-42" | su - bob -c id', "4nch0r-42"),
    ("echo Z3Jhbml0ZTQ2ODU= | base64 -d | sudo -S reboot", "Z3Jhbml0ZTQ2ODU="),
    ("echo Z3Jhbml0ZTQ2ODU= | base64 --decode", "Z3Jhbml0ZTQ2ODU="),
    ("passwd --stdin bob <<< 'Sunset1974~'", "Sunset1974~"),
    ("gh auth login --with-token <<< OfMya67Y0qyCOTzgcZMp", "OfMya67Y0qyCOTzgcZMp"),
    ("base64 -d <<< aGFyYm9yIHRodW5kZXI= | sudo -S id", "aGFyYm9yIHRodW5kZXI="),
    ("rsync -a --password-file=<(echo Bl1zz4rd*496) /data bob@nas::b", "Bl1zz4rd*496"),
    (
        "wg set wg0 private-key <(echo l1pFgvMHg0WpIHlw3Upip5RspM4zsM4VTDXvEfixk6A=)",
        "l1pFgvMHg0WpIHlw3Upip5RspM4zsM4VTDXvEfixk6A=",
    ),
    ("restic -r x --password-command 'echo C0mp4ss_352' backup", "C0mp4ss_352"),
    ('expect: send -- "irzm-oB-J-3aew7x\\r"', "irzm-oB-J-3aew7x"),
    ('send "Gr\\$ven5tein\\n"', "Gr\\$ven5tein"),
)
PIPED_NEGATIVES = (
    "echo done | tee log; echo 'a:b' | sort; yes | apt-get install x; echo $PASS | sudo -S id",
    "echo aGVsbG8gd29ybGQ= | base64 -d; cat f | docker login --password-stdin; printf '%s' \"$TOKEN\" | docker login --password-stdin",
    'diff <(echo a) <(echo b); read -r line <<< "$text"; kinit bob <<< "$pw"; User-Password = <<< secret >>>; expect: send "yes\\r"',
    "rsync --password-file=/run/secrets/rsync a b, restic --password-command 'cat /run/secrets/x'",
)
