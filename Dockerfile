# The page in a container; docs/hosting.md has the commands.

ARG DEVICE=cpu

FROM python:3.11-slim-bookworm AS base
ENV PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 GRADIO_SERVER_NAME=0.0.0.0 GRADIO_SERVER_PORT=7860 \
    HF_HOME=/cache/huggingface GRADIO_TEMP_DIR=/cache/gradio
WORKDIR /app
COPY requirements.txt requirements-quantize.txt ./

# An index of torch's CPU builds, which are gigabytes smaller; empty = the usual build.
FROM base AS cpu
ARG TORCH_INDEX=""
RUN if [ -n "$TORCH_INDEX" ]; then \
        pip install --index-url "$TORCH_INDEX" "$(grep ^torch== requirements.txt)"; fi \
    && pip install -r requirements.txt

FROM base AS cuda
RUN pip install -r requirements.txt -r requirements-quantize.txt

FROM ${DEVICE} AS page
COPY . .
RUN useradd --create-home studio && mkdir -p /cache && chown studio /cache
USER studio
VOLUME /cache
EXPOSE 7860
HEALTHCHECK --start-period=60s \
    CMD python -c "import urllib.request as r; r.urlopen('http://127.0.0.1:7860/healthz')"
ENTRYPOINT ["python", "app.py"]
