"""What a client that speaks OTLP in protobuf is told."""

from google.rpc.error_details_pb2 import BadRequest
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse


def response(rejected: int, message: str) -> bytes:
    """An `ExportLogsServiceResponse`: so many records were not kept, and why."""
    answer = ExportLogsServiceResponse()
    if rejected:
        answer.partial_success.rejected_log_records = rejected
        answer.partial_success.error_message = message
    data: bytes = answer.SerializeToString()
    return data


def status(code: int, reason: str, *, is_bad_request: bool) -> bytes:
    """A `Status`. A bad request has a `BadRequest` in its details."""
    answer = Status(code=code, message=reason)
    if is_bad_request:
        answer.details.add().Pack(BadRequest(field_violations=[BadRequest.FieldViolation(description=reason)]))
    data: bytes = answer.SerializeToString()
    return data
