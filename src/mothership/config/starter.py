"""A first configuration file: what was answered, and as comments what else is worth knowing on the first day."""

import json
from dataclasses import dataclass
from urllib.parse import urlsplit

from mothership.config.document import escaped

ANSWERS = {
    "host": "Address to listen on; 0.0.0.0 lets other machines in",
    "port": "TCP port to listen on",
    "data_dir": "Directory of the spool, the keys and the embedded database",
    "node": "Name of a first node; a token is made for it",
    "database": "Connection string of a PostgreSQL or TimescaleDB; empty: the embedded one",
    "retention": "Age at which events are deleted, such as `90 days`; empty: never",
    "loki": "Address of a Loki that gets the events as well; empty: none",
}
"""Each answer, as it is asked for and as an option tells of it."""


@dataclass(frozen=True, slots=True)
class Answers:
    """What differs from one to the next. None is as by default."""

    host: str = "127.0.0.1"
    port: int = 8443
    data_dir: str | None = None
    node: str | None = None
    database: str | None = None
    retention: str | None = None
    loki: str | None = None

    @property
    def holds_secret(self) -> bool:
        """Whether one of them is nobody else's business: a connection string may have a password in many places."""
        return self.database is not None or (self.loki is not None and urlsplit(self.loki).username is not None)


def written(answers: Answers, token_hash: str) -> str:
    """The file's text. It is read by `config.load` as what was answered, whatever characters that has."""
    return "\n".join([_HEAD, _server(answers), _auth(answers, token_hash), _database(answers), _loki(answers), _TAIL])


_HEAD = """\
# The configuration of Mothership.
#   mothership check     what it means, and what is wrong with it
#   mothership doctor    whether all that it names can be reached
# Every key: docs/reference/configuration.md. Each has an environment variable, which wins over this file.
# A relative path begins in the directory of this file. ${NAME} stands for an environment variable.
---"""
_TAIL = """
# log:
#   level: INFO
"""
_DSN = "dsn: postgresql://mothership:${DB_PASSWORD}@database.example:5432/mothership"
_RETENTION = "retention: 90 days  # older events are deleted; without it none are"


def _server(answers: Answers) -> str:
    data_dir = "  # data_dir: /var/lib/mothership  # spool, keys, embedded database"
    return f"""\
server:
  host: {_scalar(answers.host)}  # 0.0.0.0 lets other machines in; that needs `auth`
  port: {answers.port}
{data_dir if answers.data_dir is None else f"  data_dir: {_scalar(answers.data_dir)}  # spool, keys, embedded database"}
  # tls:
  #   cert_file: server.pem
  #   key_file: server.key
"""


def _auth(answers: Answers, token_hash: str) -> str:
    if answers.node is None:
        return """\
# Without credentials only this machine is served. `mothership token new NAME` prints the lines for a node.
# auth:
#   tokens: []
"""
    return f"""\
auth:
  tokens:  # `mothership token new NAME` prints the lines for another node
    - name: {_scalar(answers.node)}
      hash: {_scalar(token_hash)}
      scopes: [ingest]
"""


def _database(answers: Answers) -> str:
    lines = ["# Without `dsn` an embedded PostgreSQL stores the events, in the data directory."]
    if answers.database is None and answers.retention is None:
        return "\n".join([*lines, "# database:", f"#   {_DSN}", f"#   {_RETENTION}\n"])
    lines.append("database:")
    lines.append(f"  # {_DSN}" if answers.database is None else f"  dsn: {_scalar(answers.database)}")
    lines.append(f"  # {_RETENTION}" if answers.retention is None else f"  retention: {_scalar(answers.retention)}")
    return "\n".join(lines) + "\n"


def _loki(answers: Answers) -> str:
    if answers.loki is None:
        return """\
# sinks:
#   loki:
#     enabled: true
#     url: https://loki.example"""
    return f"""\
sinks:
  loki:
    enabled: true
    url: {_scalar(answers.loki)}"""


def _scalar(text: str) -> str:
    """A text in double quotes: JSON's are YAML's, and nothing in it is taken for a variable."""
    return json.dumps(escaped(text))
