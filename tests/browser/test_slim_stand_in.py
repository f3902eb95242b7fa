"""The suite for SLIM, run on a stand-in: an archive of SLIM's layout that holds the lite page.

Shows that the suite runs, and passes for a viewer that works when it is released from its archive with SLIM's headers.
It says nothing about SLIM.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from ops.viewer.hosting import HostingApi
from ops.viewer.release import release
from tests import needs
from tests.browser.test_slim import (
    person,
    test_a_deep_link_survives_signing_in_and_tiles_arrive,
    test_nothing_reaches_the_store_before_signing_in,
    test_the_page_cannot_send_anything_elsewhere,
    test_the_worklist_shows_the_studies_after_signing_in,
)
from tests.localcloud.hosting.platform import Platform
from tests.viewer.slim_layout import FILES, pin, write, write_pin
from viewer.application import SlimSource, assemble
from viewer.build import MANIFEST, build

__all__ = [
    "person",
    "slim",
    "test_a_deep_link_survives_signing_in_and_tiles_arrive",
    "test_nothing_reaches_the_store_before_signing_in",
    "test_the_page_cannot_send_anything_elsewhere",
    "test_the_worklist_shows_the_studies_after_signing_in",
]
pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
SITE = "projects/dicom-local/sites/stand-in"


@pytest.fixture(scope="module")
def slim(served: Platform, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """In place of the suite's own, which wants the pinned SLIM."""
    folder = tmp_path_factory.mktemp("stand-in")
    lite = build(served.config(), needs.viewer_packages()).files
    page = {path.lstrip("/"): content for path, content in lite.items() if path != MANIFEST}
    made = write(folder / "slim.zip", {**FILES, **page})
    pinned = write_pin(folder / "pin.toml", pin(made))
    source = SlimSource(archive=made, pin=pinned, cache=folder)
    files, firebase = assemble("slim", served.config(), source)
    url = served.create_site(SITE)["defaultUrl"]
    release(HostingApi(served.cloud.endpoint("firebasehosting.googleapis.com"), SITE, served.token), files, firebase)
    yield replace(served, url=url)
    served.call("DELETE", "firebasehosting.googleapis.com", f"v1beta1/{SITE}")
