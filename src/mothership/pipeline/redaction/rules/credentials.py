"""The rule for keys in connection strings; and all rules for credentials that are known by where they stand."""

from mothership.pipeline.redaction.rules.authorization import AUTHORIZATION, JWT
from mothership.pipeline.redaction.rules.private_keys import PRIVATE_KEY
from mothership.pipeline.redaction.rules.rule import Matcher, Rule
from mothership.pipeline.redaction.rules.urls import URL, URL_PARAMETER

CONNECTION_STRING = Rule(
    name="connection_string",
    description="Keys in connection strings and signed URLs: `AccountKey=`, `SharedAccessKey=`, `sig=`, "
    "`X-Amz-Signature=`, Slack and Teams webhook paths.",
    source="Azure Storage, Service Bus and SAS; AWS Signature V4; Sentry",
    matchers=(
        Matcher(
            r"(?:account|access|primary|secondary)key\s?=\s?(?P<secret>[0-9A-Za-z+/%_-]{16,1024}={0,3})",
            ignore_case=True,
        ),
        Matcher(
            r"(?<![0-9A-Za-z])(?:sig|signature|sharedaccesssignature)=(?P<secret>[0-9A-Za-z%+/_-]{16,1024}={0,3})",
            ignore_case=True,
        ),
        Matcher(
            r"(?:webhook\.office\.com|/webhookb2/|discord(?:app)?\.com/api/webhooks/)(?P<secret>[0-9A-Za-z@/_-]{20,512})",
        ),
    ),
    positives=(
        (
            "DefaultEndpointsProtocol=https;AccountName=x;AccountKey=Zm9vYmFyYmF6cXV4MTIzNDU2Nzg5MA==;",
            "Zm9vYmFyYmF6cXV4MTIzNDU2Nzg5MA==",
        ),
        ("https://x.blob.example/c?sv=2022&sig=aBcDeF0123456789aBcD%3D", "aBcDeF0123456789aBcD%3D"),
    ),
    negatives=("AccountKey=missing", "config=1&design=aaaaaaaaaaaaaaaaaaaa"),
)

CREDENTIALS = (URL, AUTHORIZATION, JWT, PRIVATE_KEY, URL_PARAMETER, CONNECTION_STRING)
