"""ServiceFromPath: which service an event is about, read off a path, a program's name or a host's name."""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from typing import Any

import re2
from pydantic import BaseModel, Field, field_validator

from mothership.event import Batch, is_nil
from mothership.pipeline.enrichment.tags import tags_of

VALUES_REMEMBERED = 20_000
_CHARS_MAX = 1024  # of a name that is looked at
_SERVICE_CHARS_MAX = 64

_ROLES = """
    web www app api db sql mysql postgres pg redis cache queue mq kafka proxy lb gw gateway vpn fw firewall router
    switch ap dns ntp dhcp mail smtp imap ldap auth sso ftp sftp file nas san backup monitoring monitor grafana
    log logs syslog git ci build jenkins docker k8s kube node worker job batch cron bastion jump edge nav radar
    printer camera cam ups sensor iot scada plc
    """.split()  # noqa: SIM905 - a list of words reads best as words


class ServiceNameSettings(BaseModel, frozen=True, extra="forbid"):
    """Where the name of an event's service is looked for."""

    enabled: bool = Field(default=True, description="Whether ServiceFromPath runs.")
    patterns: dict[str, str] = Field(
        default={},
        description=(
            "Regular expressions (RE2) and the service each stands for, tried in order on the path, the program's "
            "name and the host's name before the built-in rules; `\\1` is the first group."
        ),
    )
    path_fields: tuple[str, ...] = Field(
        default=("file_path", "log_file"), description="Fields that hold the path of a file with logs."
    )
    other_path_fields: tuple[str, ...] = Field(
        default=("path", "file", "filename"),
        description="Fields that may hold one: a path that does not look like it (of a page, of source code) says "
        "nothing.",
    )
    program_fields: tuple[str, ...] = Field(
        default=("app_name", "program", "tag", "process_name"), description="Fields that hold a program's name."
    )
    host_fields: tuple[str, ...] = Field(
        default=("hostname", "host", "source"),
        description="Fields that hold a host's name, asked last: `web01` is service `web`.",
    )
    host_roles: dict[str, str] = Field(
        default={},
        description=(
            "Words in a host's name, without its number, and the service each stands for, added to the built-in ones "
            "(`web`, `db`, `lb`, `router`, …); an empty service takes a built-in word out."
        ),
    )
    tag: bool = Field(default=True, description="Whether the service is also put into `tags.service`.")

    @field_validator("patterns")
    @classmethod
    def _are_regular_expressions(cls, patterns: dict[str, str]) -> dict[str, str]:
        for pattern, service in patterns.items():
            expression(pattern)
            if any(int(group) > re2.compile(pattern).groups for group in re.findall(r"\\(\d)", service)):
                raise ValueError(f"the service for {pattern!r} names a group that the expression doesn't have")
        return patterns


def expression(pattern: str) -> Any:
    """Compile a user's expression, or say which one is wrong and why."""
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        reason = error.args[0] if error.args else "not an RE2 expression"
        text = reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)
        raise ValueError(f"{pattern!r} is not an RE2 expression: {text}") from None


def searchable(text: str) -> str:
    """The text as RE2 takes it: with a `?` for each half of a surrogate pair."""
    return text.encode("utf-8", "replace").decode()


class ServiceFromPath:
    """Adds `service`, and the same as `tags.service`. What a node sent in either stays."""

    name = "ServiceFromPath"

    def __init__(self, settings: ServiceNameSettings) -> None:
        self._tag = settings.tag
        self._patterns = [(expression(pattern), service) for pattern, service in settings.patterns.items()]
        own_roles = {role.lower(): service for role, service in settings.host_roles.items()}
        roles = {role: role for role in _ROLES} | own_roles
        kinds: list[tuple[tuple[str, ...], Callable[[str], str | None]]] = [
            (settings.path_fields, service_of_path),
            (settings.other_path_fields, service_of_log_path),
            (settings.program_fields, service_of_program),
            (settings.host_fields, lambda host: service_of_host(host, roles)),
        ]
        found = [(fields, lru_cache(maxsize=VALUES_REMEMBERED)(partial(self._service, rule))) for fields, rule in kinds]
        self._places = [(field, service_of) for fields, service_of in found for field in fields]

    def __call__(self, batch: Batch) -> None:
        """Name the service of every event that shows one."""
        places, tag = self._places, self._tag
        for event in batch.events:
            service = event.get("service")
            if service is None:
                for field, service_of in places:
                    value = event.get(field)
                    if value.__class__ is str and value:
                        service = service_of(value[:_CHARS_MAX])
                        if service:
                            event["service"] = service
                            break
            if tag and service.__class__ is str and service:
                tags = event.get("tags")
                if tags.__class__ is not dict:
                    tags = tags_of(event)
                if tags.get("service") is None:
                    tags["service"] = service

    def _service(self, rule: Callable[[str], str | None], value: str) -> str | None:
        service = self._by_pattern(value) or rule(value)
        return service[:_SERVICE_CHARS_MAX] if service else None

    def _by_pattern(self, value: str) -> str | None:
        text = searchable(value) if self._patterns else ""
        for pattern, service in self._patterns:
            found = pattern.search(text)
            if found:
                return re.sub(r"\\(\d)", lambda group: found.group(int(group[1])) or "", service) or None  # noqa: B023 - used at once
        return None


_CONTAINER = re.compile(r"/containers/[^/]+_[^/_]+_(?P<name>[^/_]+?)-[0-9a-f]{64}\.log", re.ASCII)
_POD = re.compile(r"/pods/[^/]+/(?P<name>[^/]+)/[^/]+\.log", re.ASCII)
_DRIVE = re.compile(r"^[A-Za-z]:", re.ASCII)
_ROTATION = re.compile(r"(?:[._-]\d{1,10}(?:[-_.]?\d{1,6}){0,4}|\.(?:gz|xz|bz2|zst|old|log|txt|json|jsonl|out|err))$")
_WITH_LOGS_OF_OTHERS = frozenset({"log", "logs", "journal", "logfiles"})
_SYSTEM = frozenset(
    """
    var opt srv usr local lib home root tmp mnt data etc users programdata library www run private volumes
    program-files applications app apps services
    """.split()  # noqa: SIM905 - a list of words reads best as words
)
_KNOWN_FILES = {
    "messages": "syslog",
    "secure": "auth",
    "kern": "kernel",
    "dmesg": "kernel",
    "maillog": "mail",
}
_SAYING_NOTHING = frozenset(
    """
    access error errors out stdout stderr output log logs main current default server service debug info warn
    warning trace daemon user all other access_log error_log json
    """.split()  # noqa: SIM905 - a list of words reads best as words
)
_PROGRAM = re.compile(r"[A-Za-z][\w.+-]*", re.ASCII)


def service_of_path(path: str) -> str | None:
    """Name the service that writes this file: by container, by the directory of its logs, by the file's name."""
    container = _CONTAINER.search(path) or _POD.search(path)
    if container:
        return container["name"].lower()
    parts = [part.lower().replace(" ", "-") for part in _DRIVE.sub("", path).replace("\\", "/").split("/") if part]
    if not parts:
        return None
    *folders, file = parts
    if "inetpub" in folders:
        return "iis"
    if "docker" in folders and "containers" in folders:
        return "docker"
    if "journal" in folders and "log" in folders:
        return "journald"
    return _by_folder(folders) or _by_file(file)


def service_of_log_path(path: str) -> str | None:
    """The same where the path is one of logs by its folders or its ending: `/api/users` and `main.c` are not."""
    parts = path.replace("\\", "/").lower().split("/")
    is_log = _ROTATION.search(parts[-1]) or not _WITH_LOGS_OF_OTHERS.isdisjoint(parts[:-1])
    return service_of_path(path) if is_log else None


def _by_folder(folders: list[str]) -> str | None:
    for position in range(len(folders) - 1, -1, -1):
        if folders[position] in _WITH_LOGS_OF_OTHERS:
            below = [folder for folder in folders[position + 1 :] if not folder.isdigit()]
            if below:
                return below[0]
            above = folders[position - 1] if position else ""
            return above if above and above not in _SYSTEM and above not in _WITH_LOGS_OF_OTHERS else None
    for root in ("opt", "srv", "www"):
        if root in folders[:-1]:
            name = folders[folders.index(root) + 1]
            return name if name not in _SYSTEM else None
    return None


def _by_file(file: str) -> str | None:
    stem, before = file, ""
    while stem != before:
        before, stem = stem, _ROTATION.sub("", stem)
    if stem in _SAYING_NOTHING or not _PROGRAM.fullmatch(stem):
        return None
    return _KNOWN_FILES.get(stem, stem)


def service_of_program(program: str) -> str | None:
    """Name the service by its program: `/usr/sbin/sshd[311]:` and `sshd(pam_unix)` are `sshd`."""
    name = program.strip().rsplit("/", 1)[-1].lower()
    found = _PROGRAM.match(name)
    return None if is_nil(name) or not found else found[0].rstrip(".-+")


def service_of_host(host: str, roles: Mapping[str, str]) -> str | None:
    """Name the service by the role that a host's name speaks of: `nyc-web01-prod` is `web`."""
    label = host.strip().lower().split(".", 1)[0]
    for word in re.split(r"[-_]", label):
        service = roles.get(word) or roles.get(word.rstrip("0123456789"))
        if service:
            return service
    return None
