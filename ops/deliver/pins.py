"""The images of infra/builders.yaml: what a build stands on, by digest, and `pin`, which renews a digest.

`pin` asks a registry which digest is behind a builder's tag, and writes it into the file.
"""

from __future__ import annotations

import re
from pathlib import Path

import requests
import yaml

from infra.build_images import UNPINNED, builders
from ops.client.refusal import OpsRefused

FILE = Path("infra/builders.yaml")
INDEX = "application/vnd.oci.image.index.v1+json, application/vnd.docker.distribution.manifest.list.v2+json"
SINGLE = "application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json"
API = {"docker.io": "https://registry-1.docker.io"}
"""Hosts whose registry answers elsewhere than their name says."""
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def base(builder: str, image: str) -> str:
    """`NAME@sha256:…` that this checkout builds `image` on. Raises `OpsRefused` when nobody has pinned it."""
    builder_pin = builders()[builder]
    if builder_pin.endswith(UNPINNED):
        raise OpsRefused(
            f"{image} is not built, as its base {builder} has no digest in {FILE}: "
            f".venv/bin/python -m ops deliver pin {builder}, read the change, commit it"
        )
    return builder_pin


def pin(builder: str, file: Path = FILE, scheme: str = "https") -> None:
    """Only the digest of `builder` changes in the file, which a person then reads and commits. Raises `OpsRefused`."""
    text = file.read_text(encoding="utf-8")
    pins: dict[str, dict[str, str]] = yaml.safe_load(text)
    if builder not in pins:
        raise OpsRefused(f"{file} has no builder {builder!r}; it has {', '.join(pins)}")
    current = digest(pins[builder]["image"], str(pins[builder]["tag"]), scheme)
    block = re.compile(rf"(?m)^({re.escape(builder)}:\n(?:  .*\n)*?  digest: ).*$")
    file.write_text(block.sub(lambda match: match[1] + current, text), encoding="utf-8")
    print(f"{builder}: {pins[builder]['image']}:{pins[builder]['tag']} is {current}; read the change and commit it")


def digest(image: str, tag: str, scheme: str = "https") -> str:
    """The digest that the registry gives for a tag, of the index when there is one. Raises `OpsRefused`."""
    host, _, name = image.partition("/")
    url = f"{API.get(host, f'{scheme}://{host}')}/v2/{name}/manifests/{tag}"
    headers = {"Accept": f"{INDEX}, {SINGLE}"}
    try:
        answer = requests.head(url, headers=headers, timeout=30)
        if answer.status_code == 401:
            answer = requests.head(url, headers={**headers, "Authorization": f"Bearer {anonymous(answer)}"}, timeout=30)
    except (requests.RequestException, KeyError) as error:
        raise OpsRefused(f"{host} could not be asked for {image}:{tag} ({type(error).__name__}); run again") from None
    digest_found = answer.headers.get("Docker-Content-Digest", "")
    if answer.status_code != 200 or not DIGEST.fullmatch(digest_found):
        raise OpsRefused(
            f"{host} answered {answer.status_code} for {image}:{tag}; correct its image or tag in {FILE}, run again"
        )
    return digest_found


def anonymous(challenge: requests.Response) -> str:
    """A token for reading a public image, from where the 401 says (`WWW-Authenticate: Bearer realm="…",…`)."""
    asked = dict(re.findall(r'(\w+)="([^"]*)"', challenge.headers["WWW-Authenticate"]))
    answer = requests.get(asked.pop("realm"), params=asked, timeout=30)
    answer.raise_for_status()
    return str(answer.json()["token"])
