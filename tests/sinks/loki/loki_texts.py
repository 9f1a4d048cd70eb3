"""What Loki's versions say, each in its own words (from `pkg/validation` and `pkg/chunkenc` of each release)."""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Words:
    """The texts of one version, and the habits that go with them."""

    version: str
    line_too_long: str
    stream_limit: str
    labels_unreadable: str
    rate_limit: str
    labels_missing: str
    blocked: str
    metadata_disallowed: str
    metadata_too_large: str
    metadata_too_many: str
    too_far_behind: str
    message_too_large: str
    too_large_status: int
    no_stream: str = "error at least one valid stream is required for ingestion"
    too_old: str = "entry for stream '{stream}' has timestamp too old: {at}, oldest acceptable timestamp is: {cutoff}"
    too_new: str = "entry for stream '{stream}' has timestamp too new: {at}"
    label_count: str = "entry for stream '{stream}' has {count} label names; limit {limit}"
    label_name_too_long: str = "stream '{stream}' has label name too long: '{name}'"
    label_value_too_long: str = "stream '{stream}' has label value too long: '{value}'"
    stream_rate: str = (
        "Per stream rate limit exceeded (limit: 3MB/sec) while attempting to ingest for stream '{stream}' totaling "
        "{size}B, consider splitting a stream via additional labels or contact your Loki administrator to see if the "
        "limit can be increased"
    )
    compares_metadata: bool = False
    """Are two entries that differ in structured metadata alone two?"""


METADATA = " Please see `limits_config.{}` or contact your Loki administrator to {} it."
V3_0 = Words(
    version="3.0.1",
    line_too_long="Max entry size '{limit}' bytes exceeded for stream '{stream}' while adding an entry with length "
    "'{size}' bytes",
    stream_limit="Maximum active stream limit exceeded, reduce the number of active streams (reduce labels or reduce "
    "label values), or contact your Loki administrator to see if the limit can be increased, user: 'fake'",
    labels_unreadable="Error parsing labels '{stream}' with error: {fault}",
    rate_limit="Ingestion rate limit exceeded for user fake (limit: {limit} bytes/sec) while attempting to ingest "
    "'{lines}' lines totaling '{size}' bytes, reduce log volume or contact your Loki administrator to see if the limit "
    "can be increased",
    labels_missing="missing required labels {labels} for user fake for stream {stream}",
    blocked="ingestion blocked for user fake until '{until}' with status code '{status}'",
    metadata_disallowed="stream '{stream}' includes structured metadata, but this feature is disallowed."
    + METADATA.format("structured_metadata", "enable"),
    metadata_too_large="stream '{stream}' has structured metadata too large: '{size}' bytes, limit: '{limit}' bytes."
    + METADATA.format("structured_metadata_max_size", "increase"),
    metadata_too_many="stream '{stream}' has too many structured metadata labels: '{count}', limit: '{limit}'."
    + METADATA.format("max_structured_metadata_entries_count", "increase"),
    too_far_behind="entry too far behind, oldest acceptable timestamp is: {cutoff}",
    message_too_large="received message larger than max ({size} vs {limit})",
    too_large_status=400,
    no_stream="error at least one label pair is required per stream",
)
V3_5 = replace(
    V3_0,
    version="3.5.0",
    no_stream=Words.no_stream,
    stream_limit=V3_0.stream_limit.replace("exceeded,", "exceeded when trying to create stream {stream},"),
    metadata_disallowed=V3_0.metadata_disallowed.replace(".structured_metadata`", ".allow_structured_metadata`"),
    metadata_too_large=V3_0.metadata_too_large.replace("structured_metadata_max_size", "max_structured_metadata_size"),
    too_far_behind="entry too far behind, entry timestamp is: {at}, oldest acceptable timestamp is: {cutoff}",
)
V3_6 = replace(
    V3_5,
    version="3.6.0",
    line_too_long=V3_5.line_too_long.replace("Max", "max"),
    stream_limit=V3_5.stream_limit.replace("Maximum", "maximum"),
    labels_unreadable=V3_5.labels_unreadable.replace("Error", "error"),
    rate_limit=V3_5.rate_limit.replace("Ingestion", "ingestion"),
    metadata_disallowed=V3_5.metadata_disallowed.removesuffix("."),
    metadata_too_large=V3_5.metadata_too_large.removesuffix("."),
    metadata_too_many=V3_5.metadata_too_many.removesuffix("."),
    message_too_large="message size too large than max ({size} vs {limit})",
    too_large_status=413,
)
V3_7 = replace(
    V3_6,
    version="3.7.6",
    labels_missing="missing required labels '{labels}' for user 'fake' for stream '{stream}' (policy: '')",
    blocked="ingestion blocked for user 'fake' until '{until}' with status code '{status}'",
    message_too_large="compressed message size {size} exceeds limit {limit}",
    compares_metadata=True,
)
VERSIONS = {"3.0": V3_0, "3.5": V3_5, "3.6": V3_6, "3.7": V3_7}
