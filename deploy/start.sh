#!/bin/sh
# What a container does: fetch missing models, bring the index up to date, serve until it is told to stop.
set -eu
# Told before anything is fetched; `ragqa serve` asks for it again.
if [ -z "${RAGQA_PASSWORD:-}" ] && [ ! -s "${RAGQA_SECRETS:-/run/secrets}/ragqa_password" ]; then
    echo "a password is missing: set RAGQA_PASSWORD, or mount one at /run/secrets/ragqa_password" >&2
    exit 2
fi
ragqa models pull
# Without articles the server starts all the same: they can be added on its page.
ragqa index || echo "the index is not up to date; the server starts without" >&2
exec ragqa serve
