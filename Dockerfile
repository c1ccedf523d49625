# One file for every image of DOSO:
#   docker build --build-arg SERVICE=forecast --tag doso-forecast .
#   docker build --build-arg SERVICE=cli --target migrate --tag doso-migrate .
# SERVICE is an extra of pyproject.toml, so that an image holds only what its service needs. Every dependency
# comes from requirements.lock, by version and hash. A release pins PYTHON_IMAGE by digest.
ARG PYTHON_IMAGE=python:3.11-slim

FROM ${PYTHON_IMAGE} AS uv
ENV UV_CACHE_DIR=/cache UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_NO_PROGRESS=1 UV_PYTHON_DOWNLOADS=never
WORKDIR /build
COPY requirements.lock ./
# The lock's own uv: its entry is the line that names it and the hashes that follow, each line but the last
# ending in a backslash.
RUN awk '/^uv==/ {found = 1} found {print} found && !/\\$/ {exit}' requirements.lock > uv.txt \
    && pip install --no-cache-dir --no-deps --require-hashes --disable-pip-version-check \
        --root-user-action=ignore --requirement uv.txt

FROM uv AS dependencies
ARG SERVICE
COPY pyproject.toml ./
# The lock holds every extra. Resolving one extra under it as a constraint names this service's share of it;
# installing that share with the lock as the only source of hashes then refuses whatever the lock does not
# hold, and whatever is not the file that was locked. Wheels only: nothing is compiled, no compiler is needed.
RUN --mount=type=cache,target=/cache \
    : "${SERVICE:?name a service: --build-arg SERVICE=gateway}" \
    && uv venv --python /usr/local/bin/python3 /opt/doso \
    && uv pip compile pyproject.toml --extra "${SERVICE}" --constraint requirements.lock --no-build \
        --python /opt/doso/bin/python --no-header --no-annotate --quiet --output-file share.txt \
    && uv pip install --python /opt/doso/bin/python --no-deps --no-build --require-hashes \
        --requirement share.txt --constraint requirements.lock

FROM uv AS wheel
COPY . .
# The build backend is in the lock too.
RUN --mount=type=cache,target=/cache \
    uv build --wheel --require-hashes --build-constraint requirements.lock --out-dir /dist

FROM dependencies AS installed
RUN --mount=type=bind,from=wheel,source=/dist,target=/dist \
    uv pip install --python /opt/doso/bin/python --no-deps --no-cache /dist/*.whl

FROM ${PYTHON_IMAGE} AS runtime
RUN groupadd --gid 10001 doso \
    && useradd --uid 10001 --gid doso --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin doso
COPY --from=installed /opt/doso /opt/doso
# The file system may be read-only but for /tmp: what libraries like to keep beside their code goes there.
ENV PATH=/opt/doso/bin:${PATH} \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    MPLCONFIGDIR=/tmp/matplotlib \
    NUMBA_CACHE_DIR=/tmp/numba \
    XDG_CACHE_HOME=/tmp/cache
# By number, so that Kubernetes can tell that it is not root.
USER 10001:10001
WORKDIR /tmp

FROM runtime AS migrate
ENTRYPOINT ["doso"]
CMD ["migrate"]

FROM runtime AS service
ARG SERVICE
ENV SERVICE=${SERVICE}
EXPOSE 8000
# Liveness only; whether it can do its work is /ready, which says 503 while a server it needs is away.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/health', timeout=4)"]
# exec: the server itself receives SIGTERM. The gateway, which strangers reach, bounds the heads of requests too;
# which proxies to believe is its own setting.
CMD ["sh", "-c", "http=auto; [ ${SERVICE} != gateway ] || http=services.gateway.limits.protocol:BoundedHttpProtocol; exec uvicorn services.${SERVICE}.app:create_app --factory --host 0.0.0.0 --port 8000 --http $http --no-proxy-headers --no-access-log --no-server-header --ws-max-size 16384 --ws-per-message-deflate false --timeout-keep-alive 30 --timeout-graceful-shutdown 10"]
