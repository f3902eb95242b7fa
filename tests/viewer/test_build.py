from __future__ import annotations

import gzip
import json
import re
import shutil
from pathlib import Path

import pytest

from viewer.build import ABSENT, CONFIG, GUARD, MANIFEST, build, content_type
from viewer.config import parse_js, window_config
from viewer.packages import LITE

ROOT = "https://healthcare.googleapis.com/v1/projects/p/locations/l/datasets/d/dicomStores/raw/dicomWeb"
SETTINGS = window_config(dicomweb_root=ROOT, client_id="1-a.apps.googleusercontent.com")


def test_the_same_input_gives_the_same_bytes(packages: Path) -> None:
    assert build(SETTINGS, packages).files == build(SETTINGS, packages).files


def test_the_pages_own_scripts_and_styles_are_small(packages: Path) -> None:
    files = build(SETTINGS, packages).files

    own = [data for path, data in files.items() if "/page-" in path and path.endswith((".js", ".css"))]

    assert sum(len(gzip.compress(data)) for data in own) <= 30_000


def test_the_worker_stands_behind_a_guard_that_answers(packages: Path) -> None:
    files = build(SETTINGS, packages).files

    worker = next(data for path, data in files.items() if path.endswith("/dataLoader.worker.min.js"))
    assert worker.startswith(GUARD.read_bytes())


def test_the_page_knows_where_the_job_tells_about_studies(packages: Path) -> None:
    def meta(**told: str) -> str:
        page = build(SETTINGS, packages, **told).files["/index.html"].decode()  # type: ignore[arg-type]
        return page.split('name="status" content="')[1].split('"')[0]

    assert meta() == ""
    assert meta(status_root='https://storage/b/x"/o/') == "https://storage/b/x&quot;/o/"


def test_the_config_is_the_one_that_slim_reads(packages: Path) -> None:
    files = build(SETTINGS, packages).files

    assert parse_js(files[CONFIG].decode()) == SETTINGS


def test_every_file_that_the_page_names_exists(packages: Path) -> None:
    files = build(SETTINGS, packages).files

    named = re.findall(r'(?:src|href)="(/[^"#]+)"', files["/index.html"].decode())

    assert len(named) >= 5
    assert [path for path in named if path not in files] == []
    assert b"{" not in files["/index.html"]


def test_every_import_between_modules_resolves(packages: Path) -> None:
    files = build(SETTINGS, packages).files

    for path, content in files.items():
        if "/page-" in path and path.endswith(".js"):
            folder = path.rsplit("/", 1)[0]
            for name in re.findall(r"from '\./([^']+)'", content.decode()):
                assert f"{folder}/{name}" in files, f"{path} imports {name}"


def test_every_module_is_asked_for_at_once_and_not_when_its_importer_has_come(packages: Path) -> None:
    files = build(SETTINGS, packages).files

    asked = re.findall(r'<link rel="modulepreload" href="([^"]+)">', files["/index.html"].decode())

    modules = {path for path in files if "/page-" in path and path.endswith(".js")}
    assert modules <= set(asked)
    assert [path.rsplit("/", 1)[1] for path in asked if path not in modules] == ["dicomweb-client.js"]


def test_a_changed_script_moves_the_page_but_not_the_engine(packages: Path, tmp_path: Path) -> None:
    lite = tmp_path / "lite"
    shutil.copytree(LITE, lite, ignore=shutil.ignore_patterns("node_modules"))
    before = set(build(SETTINGS, packages, lite).files)
    with (lite / "page" / "app.js").open("a") as script:
        script.write("// changed\n")

    after = set(build(SETTINGS, packages, lite).files)

    assert all("/page-" in path for path in before ^ after)
    assert before != after


def test_the_worker_lies_beside_its_decoders_under_the_name_it_is_asked_for(packages: Path) -> None:
    paths = build(SETTINGS, packages).files

    (worker,) = [path for path in paths if path.endswith("/dataLoader.worker.min.js")]
    assert {path.rsplit("/", 1)[0] for path in paths if path.endswith(".wasm")} == {worker.rsplit("/", 1)[0]}


def test_the_manifest_lists_every_file_that_can_be_asked_for_and_the_packages_versions(packages: Path) -> None:
    files = build(SETTINGS, packages).files

    manifest = json.loads(files[MANIFEST])

    assert set(manifest["files"]) == set(files) - {MANIFEST, ABSENT}
    assert manifest["packages"] == {"dicom-microscopy-viewer": "1.2.3", "dicomweb-client": "1.2.3"}


def test_the_licences_of_the_packages_are_served_with_them(packages: Path) -> None:
    files = build(SETTINGS, packages).files

    assert len([path for path in files if path.endswith(".LICENSE.txt")]) == 2


def test_an_engine_with_another_layout_is_named(packages: Path) -> None:
    (packages / "dicom-microscopy-viewer/dist/dynamic-import/openjpegwasm_decode.wasm").unlink()

    with pytest.raises(FileNotFoundError, match=r"openjpegwasm_decode\.wasm is not in the package"):
        build(SETTINGS, packages)


def test_a_config_that_slim_would_not_understand_is_not_built(packages: Path) -> None:
    with pytest.raises(ValueError, match="is not a field that SLIM knows"):
        build({**SETTINGS, "colour": "blue"}, packages)


def test_the_file_set_can_be_written_to_a_folder(packages: Path, tmp_path: Path) -> None:
    files = build(SETTINGS, packages)

    files.write(tmp_path / "out")

    assert (tmp_path / "out/config/local.js").read_bytes() == files.files[CONFIG]


def test_wasm_has_its_own_type() -> None:
    assert content_type("/x/y.wasm") == "application/wasm"
