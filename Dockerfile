# docs/deploy.md says how to build and run it. In front of a build, where a CPU build of torch can be had, name it by
# PIP_EXTRA_INDEX_URL: PyPI's own brings CUDA libraries of several GB.

FROM python:3.11-slim-bookworm AS wheel
WORKDIR /build
COPY pyproject.toml README.md LICENSE ./
COPY src ./src
RUN python3.11 -m pip wheel --no-cache-dir --no-deps --wheel-dir /wheels .

FROM python:3.11-slim-bookworm AS environment
ARG PIP_EXTRA_INDEX_URL=
WORKDIR /build
COPY requirements.txt ./
COPY --from=wheel /wheels /wheels
# The versions that ragqa was measured with, but the wheel in place of the checkout.
RUN grep '==' requirements.txt > constraints.txt \
    && python3.11 -m venv /opt/ragqa \
    && set -- /wheels/ragqa-*.whl \
    && /opt/ragqa/bin/python -m pip install --no-cache-dir --constraint constraints.txt \
        "$1[html,pdf,docx,xlsx,feed,subtitles]"

# Empty, for a volume; or with the models (1.2 GB) in the image: --build-arg BAKE_MODELS=yes
FROM environment AS models
ARG BAKE_MODELS=no
RUN mkdir /models \
    && if [ "$BAKE_MODELS" = yes ]; then RAGQA_HOME=/models /opt/ragqa/bin/ragqa models pull; fi

FROM python:3.11-slim-bookworm
LABEL org.opencontainers.image.title="ragqa" \
      org.opencontainers.image.description="Answers from an archive of articles, each quote cited, offline" \
      org.opencontainers.image.licenses="Apache-2.0 AND CC-BY-SA-4.0"
# The language model's library needs it; no wheel brings it.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libgomp1=12.2.0-* \
    && rm -rf /var/lib/apt/lists/*
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /data --shell /usr/sbin/nologin ragqa \
    && mkdir -p /run/secrets \
    && install --directory --owner=10001 --group=10001 /data /models
COPY --from=environment /opt/ragqa /opt/ragqa
COPY --from=models --chown=10001:10001 /models /models
COPY deploy/start.sh deploy/health.py /opt/ragqa/bin/
# All addresses of the container: ragqa then asks for a password, from RAGQA_PASSWORD or /run/secrets/ragqa_password,
# and does not start without one. HOME is what libraries may write to, beside a read-only root.
# The rule takes the folder's name for a secret; there is none in the image.
# hadolint ignore=DL3064
ENV PATH=/opt/ragqa/bin:/usr/local/bin:/usr/bin:/bin \
    RAGQA_HOME=/models \
    RAGQA_HOST=0.0.0.0 \
    RAGQA_PORT=7860 \
    RAGQA_SECRETS=/run/secrets \
    HOME=/tmp \
    PYTHONDONTWRITEBYTECODE=1
# Below it corpus/, index/, gold/ and runs/.
WORKDIR /data
VOLUME ["/data"]
USER 10001:10001
EXPOSE 7860
# The first start fetches models and encodes the corpus before the server answers.
HEALTHCHECK --interval=30s --timeout=10s --start-period=30m --retries=3 \
    CMD ["/opt/ragqa/bin/python", "/opt/ragqa/bin/health.py"]
CMD ["/bin/sh", "/opt/ragqa/bin/start.sh"]
