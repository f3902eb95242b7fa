"""The rules one at a time; test_superstatic.py puts whole configs to Firebase's own engine."""

from __future__ import annotations

from typing import Any

import pytest

from localcloud.hosting.rules import HostingAnswer as Answer
from localcloud.hosting.rules import answer, find_unsupported, glob, headers

FILES = {"/index.html": "1", "/a.html": "2", "/sub/index.html": "3", "/assets/x.js": "4", "/404.html": "5"}


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        ("**", ["/", "/a", "/a/b.js"], []),
        ("/studies/**", ["/studies/1", "/studies/1/series/2"], ["/study/1", "/x/studies/1"]),
        ("**/*.js", ["/a.js", "/x/y/a.js"], ["/a.json", "/a.js/b"]),
        ("/*.html", ["/a.html"], ["/x/a.html"]),
        ("*.html", ["/a.html"], ["/x/a.html"]),
        ("/a/?.txt", ["/a/b.txt"], ["/a/bc.txt", "/a//.txt"]),
        ("**/*.@(js|css)", ["/a.js", "/x/a.css"], ["/a.html"]),
        ("/@(a|b)/**", ["/a/x", "/b/x/y"], ["/c/x"]),
        ("/!(assets|config)/**", ["/studies/1", "/x/assets/y"], ["/assets/1", "/config/local.js"]),
        ("/{a,b}.txt", ["/a.txt", "/b.txt"], ["/c.txt"]),
        ("/+(a).txt", ["/a.txt", "/aaa.txt"], ["/.txt", "/b.txt"]),
        ("/[ab].txt", ["/a.txt"], ["/c.txt"]),
        ("/[!ab].txt", ["/c.txt"], ["/a.txt"]),
        ("/a.b", ["/a.b"], ["/aXb"]),
    ],
)
def test_a_glob_matches_as_on_firebase(pattern: str, yes: list[str], no: list[str]) -> None:
    assert [path for path in yes + no if glob(pattern).fullmatch(path)] == yes


@pytest.mark.parametrize(
    ("path", "config", "expected"),
    [
        ("/", {}, Answer(status=200, file="/index.html")),
        ("/sub/", {}, Answer(status=200, file="/sub/index.html")),
        ("/sub", {}, Answer(status=301, location="/sub/")),
        ("/sub", {"cleanUrls": True}, Answer(status=200, file="/sub/index.html")),
        ("/404.html", {}, Answer(status=404, file="/404.html")),
        ("/assets/x.js", {}, Answer(status=200, file="/assets/x.js")),
        ("/none", {}, Answer(status=404, file="/404.html")),
        ("/a", {"cleanUrls": True}, Answer(status=200, file="/a.html")),
        ("/a.html", {"cleanUrls": True}, Answer(status=301, location="/a")),
        ("/a", {}, Answer(status=404, file="/404.html")),
        ("/s/1", {"rewrites": [{"glob": "/s/**", "path": "/index.html"}]}, Answer(status=200, file="/index.html")),
        ("/s/1", {"rewrites": [{"regex": "^/s/[0-9]$", "path": "/a.html"}]}, Answer(status=200, file="/a.html")),
        ("/s/x", {"rewrites": [{"regex": "^/s/[0-9]$", "path": "/a.html"}]}, Answer(status=404, file="/404.html")),
        (
            "/assets/x.js",
            {"rewrites": [{"glob": "**", "path": "/index.html"}]},
            Answer(status=200, file="/assets/x.js"),
        ),
        (
            "/a.html",
            {"redirects": [{"glob": "/a.html", "location": "/", "statusCode": 302}]},
            Answer(status=302, location="/"),
        ),
    ],
)
def test_redirects_come_before_files_and_files_before_rewrites(path: str, config: Any, expected: Answer) -> None:
    assert answer(path, FILES, config) == expected


def test_a_path_that_nothing_answers_is_a_bare_404_without_404_html() -> None:
    assert answer("/none", {"/index.html": "1"}, {}) == Answer(status=404)


def test_the_last_matching_rule_sets_a_header_whatever_its_case() -> None:
    config = {
        "headers": [
            {"glob": "**", "headers": {"Cache-Control": "no-store", "X-A": "1"}},
            {"glob": "/assets/**", "headers": {"cache-control": "immutable"}},
        ]
    }

    assert headers("/assets/x.js", config) == {"cache-control": "immutable", "X-A": "1"}
    assert headers("/", config) == {"Cache-Control": "no-store", "X-A": "1"}


def test_what_only_google_can_serve_is_named() -> None:
    config = {
        "rewrites": [{"glob": "**", "run": {"serviceId": "s"}}],
        "redirects": [{"glob": "/old/:name", "location": "/:name", "statusCode": 301}],
        "i18n": {"root": "/x"},
    }

    assert find_unsupported(config) == ["rewrites[].run", "a capture in redirect /old/:name", "i18n"]
