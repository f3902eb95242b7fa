"""The container serves what firebase.json says: its maps are read as nginx reads them and compared, path by path."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.viewer import slim_layout
from viewer.build import TYPES
from viewer.config import window_config
from viewer.headers import SiteContent, expected_headers, firebase_config
from viewer.nginx import nginx_conf
from viewer.slim_build import build, site_content

ROOT = "https://healthcare.googleapis.com/v1/projects/p/locations/l/datasets/d/dicomStores/raw/dicomWeb"
CONFIG = window_config(dicomweb_root=ROOT, client_id="1-a.apps.googleusercontent.com")
FOREVER = ("/assets/page-1/app.js", "/assets/engine-1/openjpegwasm_decode.wasm")
LITE = firebase_config(ROOT, content=SiteContent(forever=FOREVER))
SLIM_FILES = build(CONFIG, {f"/{name}": content for name, content in slim_layout.FILES.items()}, "slim")
SLIM = firebase_config(ROOT, content=site_content(SLIM_FILES))
PATHS = [
    "/",
    "/index.html",
    "/studies/1.2/series/3.4",
    "/projects/p/locations/l/datasets/d/dicomStores/s/study/1",
    "/logout",
    "/config/local.js",
    "/assets/page-1/app.js",
    "/assets/engine-1/dataLoader.worker.min.js",
    "/assets/engine-1/openjpegwasm_decode.wasm",
    "/static/js/main.0a1b2c3d.js",
    "/static/js/dataLoader.worker.min.js",
    "/static/js/dicomiccwasm.wasm",
    "/absent",
]


def maps(conf: str) -> dict[str, list[tuple[str, str]]]:
    """Variable → its (pattern, value) lines in order, of each map of the requested path."""
    found: dict[str, list[tuple[str, str]]] = {}
    for variable, body in re.findall(r"map \$asked \$(\w+) \{\n(.*?)\n  \}", conf, re.DOTALL):
        found[variable] = re.findall(r'^    "~(.+?)" "(.*)";$', body, re.MULTILINE)
    return found


def answered(conf: str, path: str) -> dict[str, str]:
    """Header → value for `path`: nginx takes the first pattern that is found in it, and sends no empty header."""
    known = maps(conf)
    sent: dict[str, str] = {}
    for header, variable in re.findall(r"^    add_header (\S+) \$(\w+) always;$", conf, re.MULTILINE):
        value = next((value for regex, value in known[variable] if re.search(regex, path)), "")
        if value:
            sent[header] = value
    return sent


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("firebase", [LITE, SLIM], ids=["lite", "slim"])
def test_every_path_has_the_headers_of_firebase_json(firebase: dict[str, Any], path: str) -> None:
    due = {name: value for name, value in expected_headers(path, firebase).items() if name != "Content-Type"}

    assert answered(nginx_conf(firebase), path) == due
    assert len(due) >= 8


def test_the_comparison_sees_a_rule_in_the_wrong_order() -> None:
    turned = {**LITE, "headers": LITE["headers"][::-1]}

    assert answered(nginx_conf(turned), "/assets/page-1/app.js") != answered(nginx_conf(LITE), "/assets/page-1/app.js")


def test_every_header_is_also_on_a_404_and_none_stands_inside_a_location() -> None:
    conf = nginx_conf(LITE)
    lines = [line for line in conf.splitlines() if "add_header" in line]

    assert lines
    assert all(line.endswith(" always;") and line.startswith("    add_header") for line in lines)


def test_only_the_viewers_own_addresses_show_the_page_and_the_rest_is_a_404() -> None:
    conf = nginx_conf(LITE)
    patterns = re.findall(r'location ~ "(.+)" \{\n      try_files \$uri /index\.html;', conf)

    shown = [path for path in PATHS if any(re.search(regex, path) for regex in patterns)]

    assert shown == [path for path in PATHS if path.startswith(("/studies/", "/projects/", "/logout"))]
    assert "location / {\n      try_files $uri =404;" in conf
    assert "error_page 404 /404.html;" in conf
    assert "location = /404.html {\n      internal;" in conf


def test_every_kind_of_file_has_its_type() -> None:
    types = re.search(r"  types \{\n(.*?)  \}", nginx_conf(LITE), re.DOTALL)
    assert types
    known = {
        f".{suffix}": kind
        for kind, *suffixes in (line.strip(" ;").split() for line in types[1].splitlines())
        for suffix in suffixes
    }

    assert known == TYPES


@pytest.mark.parametrize("value", ['a "quoted" word', "$host"])
def test_what_nginx_would_read_as_its_own_is_refused(value: str) -> None:
    rule = {"source": "**", "headers": [{"key": "X-Note", "value": value}]}

    with pytest.raises(ValueError, match=r"cannot be written into nginx\.conf"):
        nginx_conf({**LITE, "headers": [rule]})
