#!/usr/bin/env bash
# Copy one image between registries, by digest: copy_image.sh FILE, where FILE holds "FROM@sha256:… TO:TAG" or nothing.
# What arrives must have the digest that was proved: Docker may write another manifest when it pushes, and then nothing
# would run what was proved. An image that is there already, as after an earlier delivery, is left alone.
set -euo pipefail
read -r from to <"$1" || { echo "no image to copy"; exit 0; }
digest=${from##*@}
kept=${to%:*}@$digest
if docker manifest inspect "$kept" >/dev/null 2>&1; then
  echo "$kept is there already"
  exit 0
fi
docker pull "$from"
docker tag "$from" "$to"
docker push "$to"
# Asked of the registry, not of what was pushed: the digest that the stack will be given must exist there.
if ! docker manifest inspect "$kept" >/dev/null; then
  echo "$to was pushed with another digest than $digest, so it is not the image that was proved: nothing runs it" >&2
  exit 1
fi
echo "$kept is the image that was proved"
