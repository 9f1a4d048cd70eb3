"""Deterministic enrichment: six processors, compiled from their settings, in the specification's order.

What is added never overwrites what a node sent. Running any of them again on an event changes nothing.
"""

from pydantic import BaseModel, Field

from mothership.pipeline.enrichment.geo import GeoHint, GeoSettings
from mothership.pipeline.enrichment.hypertable_chunk_budget import HypertableChunkBudget
from mothership.pipeline.enrichment.service import ServiceFromPath, ServiceNameSettings
from mothership.pipeline.enrichment.severity import SeverityMap, severity_names
from mothership.pipeline.enrichment.site_environment import SiteEnvSettings, SiteEnvTags
from mothership.pipeline.enrichment.tags import AddTags
from mothership.pipeline.enrichment.timestamps import TimestampNormalizer, TimestampSettings
from mothership.ports import Processor


class EnrichmentSettings(BaseModel, frozen=True, extra="forbid"):
    """What is added to events, and from what."""

    enabled: bool = Field(
        default=True,
        description="Whether events are enriched. Switched off, they are stored as redacted, at their own time.",
    )
    add_tags: dict[str, str | int | float | bool] = Field(
        default={"processed_by": "mothership", "version": "1.5"},
        description="Tags that every event gets in `tags`, unless the node sent one of that name.",
    )
    severity_mapping: dict[str, int] = Field(
        default=severity_names,
        description="The number in `severity_num` for each word in a severity field, whatever its case.",
    )
    severity_fields: tuple[str, ...] = Field(
        default=("severity", "level", "log_level"),
        min_length=1,
        description="Fields that may hold a severity; the first that says one counts.",
    )
    service: ServiceNameSettings = Field(default=ServiceNameSettings(), description="How `service` is found.")
    geo: GeoSettings = Field(default=GeoSettings(), description="How `geo_hint` is found.")
    place: SiteEnvSettings = Field(
        default=SiteEnvSettings(), description="How `tags.site` and `tags.environment` are found."
    )
    timestamps: TimestampSettings = Field(
        default=TimestampSettings(), description="How an event's own time is read, and which times are believed."
    )


def build(settings: EnrichmentSettings, budget: HypertableChunkBudget | None = None) -> list[Processor]:
    """Compile the processors that are switched on. The budget is for new chunks, where the database has any."""
    if not settings.enabled:
        return []
    processors: list[Processor] = []
    if settings.add_tags:
        processors.append(AddTags(settings.add_tags))
    if settings.severity_mapping:
        processors.append(SeverityMap(settings.severity_mapping, settings.severity_fields))
    if settings.service.enabled:
        processors.append(ServiceFromPath(settings.service))
    if settings.geo.enabled:
        processors.append(GeoHint(settings.geo))
    if settings.place.enabled:
        processors.append(SiteEnvTags(settings.place))
    processors.append(TimestampNormalizer(settings.timestamps, budget))
    return processors
