#!/bin/sh
# What a container does: fetch missing models, bring the index up to date, serve until it is told to stop.
set -eu
ragqa models pull
# Without articles the server starts all the same: they can be added on its page.
ragqa index || echo "the index is not up to date; the server starts without" >&2
exec ragqa serve
