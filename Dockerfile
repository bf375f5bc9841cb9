# One image for the API, the worker and the migrations: `tsunagu serve`, `worker`, `migrate`.
# PostgreSQL is elsewhere; the embedded one is not in here.

# The base image, by digest: `docker build --build-arg PYTHON_IMAGE=python:3.11-slim-bookworm@sha256:…`.
# There is no default: a tag may be another image tomorrow.
ARG PYTHON_IMAGE

FROM ${PYTHON_IMAGE} AS build
ARG PYTHON_IMAGE
RUN case "${PYTHON_IMAGE}" in *@sha256:*) ;; *) echo "PYTHON_IMAGE has no digest" >&2; exit 1;; esac
WORKDIR /srv/tsunagu
RUN python -m venv /opt/venv
COPY requirements/runtime.txt requirements/runtime.txt
RUN /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check \
    --require-hashes --only-binary :all: --requirement requirements/runtime.txt
COPY pyproject.toml LICENSE ./
COPY alembic alembic
COPY app app
COPY tsunagu tsunagu
RUN /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check \
    --no-deps --no-build-isolation --no-index --editable . \
    && /opt/venv/bin/python -m compileall -q app tsunagu

FROM ${PYTHON_IMAGE}
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    TSUNAGU_HOST=0.0.0.0 \
    TSUNAGU_PORT=8080 \
    TSUNAGU_DATA_DIR=/var/lib/tsunagu
RUN groupadd --system --gid 10001 tsunagu \
    && useradd --system --uid 10001 --gid tsunagu --home-dir /var/lib/tsunagu --shell /usr/sbin/nologin tsunagu \
    && install --directory --mode 0700 --owner tsunagu --group tsunagu /var/lib/tsunagu
COPY --from=build /opt/venv /opt/venv
COPY --from=build /srv/tsunagu /srv/tsunagu
WORKDIR /srv/tsunagu
USER 10001:10001
# The keys live here. Every process of one installation shares it.
VOLUME /var/lib/tsunagu
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import http.client as h, os, sys; c = h.HTTPConnection('127.0.0.1', int(os.environ['TSUNAGU_PORT']), timeout=2); c.request('GET', '/healthz'); sys.exit(c.getresponse().status != 200)"]
ENTRYPOINT ["tsunagu"]
CMD ["serve"]
