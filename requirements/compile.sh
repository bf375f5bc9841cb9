#!/usr/bin/env bash
# Pins every package by version and hash, for Python 3.11 and whatever is newer, without saying where it is fetched
# from. Needs uv.
set -euo pipefail
cd "$(dirname "$0")/.."
pin() {
    local target=$1
    shift
    uv pip compile --quiet --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate --no-header \
        --only-binary :all: --universal --python-version 3.11 \
        "$@" --output-file "requirements/$target.txt"
}
pin runtime pyproject.toml requirements/build.in
pin embedded pyproject.toml requirements/build.in --extra embedded --constraint requirements/runtime.txt
pin dev pyproject.toml requirements/build.in requirements/dev.in --extra embedded --constraint requirements/embedded.txt
pin peers requirements/peers.in --constraint requirements/dev.txt
pin audit requirements/audit.in --constraint requirements/dev.txt
