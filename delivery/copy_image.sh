#!/usr/bin/env bash
# Copy one image between registries, by digest: copy_image.sh FILE, where FILE holds "FROM@sha256:… TO:TAG" or nothing.
set -euo pipefail
read -r from to <"$1" || { echo "no image to copy"; exit 0; }
docker pull "$from"
docker tag "$from" "$to"
docker push "$to"
