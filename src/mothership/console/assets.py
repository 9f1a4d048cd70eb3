"""The static files: from the package, under an address that changes with their content, compressed once."""

import gzip
import hashlib
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import PurePosixPath
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from mothership.edge.browser import OPEN_FILES

CONTENT_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
"""What is served. Licences and the manifest stay in the package."""


class Asset(NamedTuple):
    """One file."""

    body: bytes
    gzipped: bytes
    content_type: str


@cache
def assets() -> dict[str, Asset]:
    """Every file by its name, `vendor/…` for those that others wrote."""
    root = files(__package__) / "static"
    return {
        name: Asset(body, gzip.compress(body, 9, mtime=0), CONTENT_TYPES[suffix])
        for name, body in _read(root)
        if (suffix := PurePosixPath(name).suffix) in CONTENT_TYPES
    }


@cache
def address(name: str) -> str:
    """Where a file is served. Raises KeyError for one that is not there."""
    return f"{OPEN_FILES}{hashlib.sha256(assets()[name].body).hexdigest()[:12]}/{name}"


async def serve(request: Request) -> Response:
    """One of them. Its address names its content, so it may be kept for ever."""
    asset = assets().get(request.path_params["name"])
    if asset is None or request.scope["path"] != address(request.path_params["name"]):
        return Response(status_code=404)
    headers = {"Cache-Control": "public, max-age=31536000, immutable", "Vary": "Accept-Encoding"}
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(asset.gzipped, media_type=asset.content_type, headers=headers | {"Content-Encoding": "gzip"})
    return Response(asset.body, media_type=asset.content_type, headers=headers)


def _read(folder: Traversable, prefix: str = "") -> list[tuple[str, bytes]]:
    found: list[tuple[str, bytes]] = []
    for entry in folder.iterdir():
        if entry.is_dir():
            found += _read(entry, f"{prefix}{entry.name}/")
        else:
            found.append((f"{prefix}{entry.name}", entry.read_bytes()))
    return found
