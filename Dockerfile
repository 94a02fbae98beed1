# pruner itself. It runs as any user: `docker run --rm -v "$PWD:/work" -u "$(id -u)" pruner drift --all`.
# bubblewrap makes its namespaces where the engine lets it; the docker sandbox needs the engine's socket.
ARG PYTHON=python:3.11-slim

FROM ${PYTHON} AS builder
WORKDIR /source
COPY pyproject.toml README.md LICENSE ./
COPY tracers tracers
COPY pruner pruner
RUN python -m venv /opt/pruner && /opt/pruner/bin/pip install --no-cache-dir .

FROM ${PYTHON}
# What Debian has of these is what its release has: a pin would break with the next security update.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends bubblewrap ca-certificates git \
    && rm -rf /var/lib/apt/lists/* \
    && git config --system --add safe.directory '*' \
    && useradd --uid 10001 --no-create-home --home-dir /cache app \
    && install -d -m 1777 /cache /work
COPY --from=builder /opt/pruner /opt/pruner
ENV PATH=/opt/pruner/bin:$PATH \
    HOME=/cache \
    PRUNER_CACHE=/cache/pruner \
    PYTHONUNBUFFERED=1
USER 10001
WORKDIR /work
ENTRYPOINT ["pruner"]
CMD ["--help"]
