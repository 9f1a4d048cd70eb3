"""SiteEnvTags: where an event comes from and in which environment, as `tags.site` and `tags.environment`."""

import fnmatch
import re
from collections.abc import Callable
from functools import lru_cache, partial

from pydantic import BaseModel, Field, field_validator

from mothership.event import NIL_BEGINS, Batch, Event, is_nil
from mothership.pipeline.enrichment.service import VALUES_REMEMBERED, expression, searchable
from mothership.pipeline.enrichment.tags import tags_of

_CHARS_MAX = 253  # of a host's name
_VALUE_CHARS_MAX = 128

_ENVIRONMENT = (
    "(?P<environment>prod|prd|production|live|preprod|stg|stage|staging|dev|devel|development|test|tst|qa|uat|sandbox)"
)
_SITE = "(?P<site>[a-z]{3,4}[0-9]{0,2})"
_ROLE = "[a-z][a-z0-9]*(?:-[0-9]+)?"
_END = "[0-9]*(?:[-_.]|$)"
_HOSTNAME_PATTERNS = (
    rf"^{_SITE}[-_]{_ROLE}[-_]{_ENVIRONMENT}{_END}",  # nyc-web01-prod, nyc-web-01-prod
    rf"^{_ENVIRONMENT}[-_]{_SITE}[-_]{_ROLE}",  # prod-nyc-web01
    rf"^{_SITE}[-_]{_ENVIRONMENT}[-_]{_ROLE}",  # nyc-prod-web01
    rf"^{_ROLE}[-_.]{_SITE}[-_.]{_ENVIRONMENT}{_END}",  # web01-nyc-prod, web01.fra1.prod.example.com
    rf"^{_ROLE}[-_.]{_ENVIRONMENT}{_END}",  # web01-prod, web01.prod.example.com
    rf"^{_ENVIRONMENT}[-_.]{_ROLE}",  # prod-web01
    r"^(?P<site>[a-z]{3}[0-9]{0,2})[-_][a-z]+[0-9]+$",  # nyc-web01
)


class SiteEnvironment(BaseModel, frozen=True, extra="forbid"):
    """A site, an environment, or both."""

    site: str | None = Field(default=None, description="Name of the site.")
    environment: str | None = Field(default=None, description="Name of the environment.")


class SiteEnvSettings(BaseModel, frozen=True, extra="forbid"):
    """Where site and environment are looked for. What comes first in this list wins over what follows."""

    enabled: bool = Field(default=True, description="Whether SiteEnvTags runs.")
    site_fields: tuple[str, ...] = Field(
        default=("site", "datacenter"), description="Fields in which a node may say its site."
    )
    environment_fields: tuple[str, ...] = Field(
        default=("environment", "env"), description="Fields in which a node may say its environment."
    )
    hosts: dict[str, SiteEnvironment] = Field(
        default={}, description="Site and environment of hosts, by name; `*` and `?` stand for what they do in a shell."
    )
    callers: dict[str, SiteEnvironment] = Field(
        default={}, description="Site and environment of callers, by the name of their token or certificate."
    )
    hostname_patterns: tuple[str, ...] = Field(
        default=(),
        description=(
            "RE2 expressions with groups named `site` or `environment`, tried in order on the host's name, before the "
            "built-in ones."
        ),
    )
    guess_from_hostnames: bool = Field(
        default=True,
        description="Whether the built-in expressions are tried: `nyc-web01-prod` is site `nyc`, environment `prod`.",
    )
    host_fields: tuple[str, ...] = Field(
        default=("hostname", "host", "source"), description="Fields that hold a host's name; the first there counts."
    )
    site: str | None = Field(default=None, description="The site of every event that shows no other.")
    environment: str | None = Field(default=None, description="The environment of every event that shows no other.")

    @field_validator("hostname_patterns")
    @classmethod
    def _name_a_group(cls, patterns: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in patterns:
            if not {"site", "environment"} & set(expression(pattern).groupindex):
                raise ValueError(f"{pattern!r} has no group named `site` or `environment`")
        return patterns


class SiteEnvTags:
    """Adds `tags.site` and `tags.environment`; what a node sent there stays."""

    name = "SiteEnvTags"

    def __init__(self, settings: SiteEnvSettings) -> None:
        self._settings = settings
        self._hosts = [(re.compile(fnmatch.translate(name.lower())), place) for name, place in settings.hosts.items()]
        built_in = _HOSTNAME_PATTERNS if settings.guess_from_hostnames else ()
        self._patterns = [expression(pattern) for pattern in (*settings.hostname_patterns, *built_in)]
        self._by_client: dict[str, Callable[[str], tuple[str | None, str | None]]] = {}
        """A table of hosts for each: one client's many cost the others nothing."""

    def __call__(self, batch: Batch) -> None:  # noqa: C901 - run for every event: a call each would double its time
        """Place every event that shows where it is from."""
        settings, client = self._settings, batch.client
        place_of = self._by_client.get(client)
        if place_of is None:
            place_of = lru_cache(maxsize=VALUES_REMEMBERED)(partial(self._place, client))
            self._by_client[client] = place_of
        host_fields, own_fields = settings.host_fields, settings.site_fields + settings.environment_fields
        for event in batch.events:
            get = event.get
            host = ""
            for field in host_fields:
                value = get(field)
                if value.__class__ is str and value and not (value[0] in NIL_BEGINS and is_nil(value)):
                    host = value
                    break
            site, environment = place_of(host[:_CHARS_MAX])
            for field in own_fields:
                if field in event:
                    site = _first_text(event, settings.site_fields) or site
                    environment = _first_text(event, settings.environment_fields) or environment
                    break
            if site or environment:
                tags = get("tags")
                if tags.__class__ is not dict:
                    tags = tags_of(event)
                if site and tags.get("site") is None:
                    tags["site"] = site
                if environment and tags.get("environment") is None:
                    tags["environment"] = environment

    def _place(self, client: str, host: str) -> tuple[str | None, str | None]:
        settings, name = self._settings, host.lower()
        places = (
            *self._told(name),
            settings.callers.get(client, SiteEnvironment()),
            *self._guessed(name),
            _static(settings),
        )
        return (
            next((place.site for place in places if place.site), None),
            next((place.environment for place in places if place.environment), None),
        )

    def _told(self, name: str) -> list[SiteEnvironment]:
        return [place for pattern, place in self._hosts if pattern.match(name)]

    def _guessed(self, name: str) -> list[SiteEnvironment]:
        text = searchable(name)
        for pattern in self._patterns:
            found = pattern.search(text)
            if found:
                return [
                    SiteEnvironment(
                        **{key: text for key, text in found.groupdict().items() if key in SiteEnvironment.model_fields}
                    )
                ]
        return []


def _first_text(event: Event, fields: tuple[str, ...]) -> str | None:
    for field in fields:
        value = event.get(field)
        if isinstance(value, str) and value:
            return value[:_VALUE_CHARS_MAX]
    return None


def _static(settings: SiteEnvSettings) -> SiteEnvironment:
    return SiteEnvironment(site=settings.site, environment=settings.environment)
