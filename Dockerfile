# Mothership: docker build -t mothership:1.5 .
# The base is pinned by its full tag. docs/getting-started/containers.md has the command that pins it by its digest.
ARG PYTHON_IMAGE=python:3.11.14-slim-bookworm

FROM ${PYTHON_IMAGE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /build
RUN python -m venv --without-pip /opt/mothership
COPY requirements.lock deploy/runtime_lock.py ./
RUN python runtime_lock.py requirements.lock > runtime.lock \
    && python runtime_lock.py requirements.lock hatchling > build.lock \
    && python runtime_lock.py requirements.lock setuptools > setuptools.lock \
    && python -m pip --python /opt/mothership/bin/python install --no-deps --require-hashes \
       --only-binary :all: -r setuptools.lock \
    && python -m pip --python /opt/mothership/bin/python install --no-deps --require-hashes \
       --no-build-isolation --only-binary :all: --no-binary nkeys -r runtime.lock \
    && python -m pip --python /opt/mothership/bin/python uninstall -y setuptools
COPY pyproject.toml hatch_build.py README.md LICENSE NOTICE THIRD_PARTY_LICENSES ./
COPY docs docs
COPY deploy/share deploy/share
COPY src src
# What `mothership --version` names: --build-arg MOTHERSHIP_COMMIT=$(git describe --always --dirty --abbrev=12)
ARG MOTHERSHIP_COMMIT
RUN python -m pip install --no-deps --require-hashes --only-binary :all: -r build.lock \
    && python -m pip wheel --no-deps --no-build-isolation --wheel-dir dist . \
    && python -m pip --python /opt/mothership/bin/python install --no-deps dist/*.whl \
    && python -m compileall -q /opt/mothership/lib

FROM ${PYTHON_IMAGE}
LABEL org.opencontainers.image.title="Mothership" \
      org.opencontainers.image.version="1.5.0" \
      org.opencontainers.image.licenses="Apache-2.0"
RUN groupadd --system --gid 10001 mothership \
    && useradd --system --uid 10001 --gid mothership --no-create-home --home-dir /var/lib/mothership \
       --shell /usr/sbin/nologin mothership \
    && install -d -m 0700 -o mothership -g mothership /var/lib/mothership
COPY --from=build /opt/mothership /opt/mothership
COPY deploy/healthcheck.py /opt/mothership/healthcheck.py
# Listening beyond the loopback wants MOTHERSHIP_AUTH_TOKENS (or mutual TLS, or the word `auth.anonymous: true`):
# without one of them the service says so and does not start.
ENV PATH=/opt/mothership/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    MOTHERSHIP_HOST=0.0.0.0 \
    MOTHERSHIP_PORT=8443 \
    MOTHERSHIP_DATA_DIR=/var/lib/mothership
USER 10001:10001
WORKDIR /var/lib/mothership
# Spool, dead letters, pseudonym key: what must outlive the container.
VOLUME ["/var/lib/mothership"]
EXPOSE 8443
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "/opt/mothership/healthcheck.py"]
ENTRYPOINT ["mothership"]
CMD ["serve"]
