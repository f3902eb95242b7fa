from __future__ import annotations

from pathlib import Path

import pytest

from tests.viewer import slim_layout
from viewer.capabilities import lines_of_suite
from viewer.slim_pin import PIN, SAVES, SlimError, can_save, read_pin, record_pass, require_pass, write_pin


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return slim_layout.write_pin(tmp_path / "pin.toml", slim_layout.pin(sha256="a" * 64))


def test_what_is_written_is_read(file: Path) -> None:
    assert read_pin(file) == slim_layout.pin(sha256="a" * 64)


def test_recording_a_hash_keeps_the_rest_and_the_comments(file: Path) -> None:
    write_pin(file, sha256="b" * 64)

    assert read_pin(file) == slim_layout.pin(sha256="b" * 64)
    assert file.read_text().startswith("# ours\n")


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('tag = "v9.9.9"', 'tag = ""', "no SLIM is pinned yet: tag is empty"),
        ('tag = "v9.9.9"', 'tag = "latest"', "tag = 'latest' in viewer/slim/pin.toml must be a release's tag"),
        ('commit = "c0ffee', 'commit = "', "must be 40 hexadecimal digits"),
        ('repository = "https', 'repository = "file', "must be the repository's URL"),
        ('tag = "v9', 'colour = "blue"\ntag = "v9', "has the unknown field colour"),
        ("repository =", "[repository", "cannot be read"),
    ],
)
def test_a_pin_that_cannot_be_used_is_one_sentence(file: Path, old: str, new: str, sentence: str) -> None:
    file.write_text(file.read_text().replace(old, new))

    with pytest.raises(SlimError) as refusal:
        read_pin(file)

    assert sentence in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_malformed_value_is_not_recorded(file: Path) -> None:
    before = file.read_text()

    with pytest.raises(SlimError, match="commit 'main' must be 40 hexadecimal digits"):
        write_pin(file, commit="main")

    assert file.read_text() == before


@pytest.mark.parametrize("line", ["", "# tag"])
def test_a_pin_without_a_line_to_write_to_is_not_said_to_be_written(file: Path, line: str) -> None:
    file.write_text(file.read_text().replace('tag = "v9.9.9"', line))

    with pytest.raises(SlimError, match='has no line tag = "…"'):
        write_pin(file, tag="v10.0.0")


@pytest.mark.parametrize("line", ['tag = "v9.9.9" # the newest', 'tag="v9.9.9"', "tag = 'v9.9.9'"])
def test_a_line_written_otherwise_is_written_to(file: Path, line: str) -> None:
    file.write_text(file.read_text().replace('tag = "v9.9.9"', line))

    write_pin(file, tag="v10.0.0")

    assert read_pin(file).tag == "v10.0.0"


def test_the_pin_of_this_repository_says_what_the_ref_must_contain() -> None:
    text = PIN.read_text()

    assert "#427" in text
    assert "retries" in text


PINNED = slim_layout.pin(sha256="a" * 64)
CASE = """<testcase name="test_{name}"><properties><property name="capability" value="{name}"/></properties>{outcome}
</testcase>"""
XFAIL = '<skipped type="pytest.xfail" message="write is not a function"/>'


def report(
    path: Path, *cases: tuple[str, str], build: str = PINNED.build, omit: str = "", left_out: tuple[str, ...] = ()
) -> Path:
    """A JUnit report as pytest writes it: every line of the suite passed, but for `cases`, each a name and what stands
    in the test case; without the line `omit`. `left_out`: tests that were chosen away."""
    passed = [(name, "") for name in lines_of_suite() if name not in (omit, *dict(cases))]
    told = "".join(CASE.format(name=name, outcome=outcome) for name, outcome in [*cases, *passed])
    stated = [("slim", build)] * bool(build) + [("left out", name) for name in left_out]
    of_suite = "".join(f'<property name="{name}" value="{value}"/>' for name, value in stated)
    path.write_text(f"<testsuites><testsuite><properties>{of_suite}</properties>{told}</testsuite></testsuites>")
    return path


def test_only_the_build_that_passed_may_go_to_prod(tmp_path: Path) -> None:
    passes = tmp_path / "passes.json"

    entry = record_pass(PINNED, report(tmp_path / "slim.xml", ("sign out", XFAIL)), "now", passes)

    can = sorted(lines_of_suite() - {"sign out"})
    lines = len(can) + 1
    lacks = {"sign out": "write is not a function"}
    assert entry == {"passed": "now", "tests": lines, "lines": lines, "can": can, "cannot": lacks}
    require_pass(PINNED, passes)
    for other in (slim_layout.pin(tag="v1.0.0", sha256="a" * 64), slim_layout.pin(sha256="b" * 64)):
        with pytest.raises(SlimError, match="no pass of the browser suite is recorded for it"):
            require_pass(other, passes)


@pytest.mark.parametrize(("outcome", "saves"), [("", True), (XFAIL, False)])
def test_saving_is_what_the_suite_found_out_for_this_build(tmp_path: Path, outcome: str, saves: bool) -> None:
    passes = tmp_path / "passes.json"
    assert not can_save(PINNED, passes)

    entry = record_pass(PINNED, report(tmp_path / "slim.xml", (SAVES, outcome)), "now", passes)

    assert can_save(PINNED, passes) is saves
    assert entry["cannot"] == ({} if saves else {SAVES: "write is not a function"})
    assert not can_save(slim_layout.pin(sha256="b" * 64), passes)


@pytest.mark.parametrize("outcomes", [(XFAIL, ""), ("", XFAIL)])
def test_what_one_test_of_two_found_lacking_is_not_there(tmp_path: Path, outcomes: tuple[str, str]) -> None:
    passes = tmp_path / "passes.json"
    cases = [(SAVES, outcome) for outcome in outcomes]

    entry = record_pass(PINNED, report(tmp_path / "slim.xml", *cases), "now", passes)

    assert SAVES not in entry["can"]
    assert entry["cannot"] == {SAVES: "write is not a function"}
    assert not can_save(PINNED, passes)


@pytest.mark.parametrize(
    "outcome",
    ['<failure message="no"/>', '<error message="no"/>', '<skipped type="pytest.skip" message="no Chromium"/>'],
)
def test_a_report_of_anything_but_a_pass_is_not_recorded(tmp_path: Path, outcome: str) -> None:
    passes = tmp_path / "passes.json"

    with pytest.raises(SlimError, match="is not a pass"):
        record_pass(PINNED, report(tmp_path / "slim.xml", ("tiles", outcome)), "now", passes)

    assert not passes.exists()


@pytest.mark.parametrize("line", sorted(lines_of_suite()))
def test_a_report_that_lacks_a_line_of_the_suite_is_no_pass(tmp_path: Path, line: str) -> None:
    passes = tmp_path / "passes.json"

    with pytest.raises(SlimError, match="did not run the whole suite") as refusal:
        record_pass(PINNED, report(tmp_path / "slim.xml", omit=line), "now", passes)

    lines = len(lines_of_suite())
    assert f"{lines - 1} of {lines} lines; missing: {line}" in str(refusal.value)
    assert not passes.exists()


def test_a_report_of_a_run_that_left_tests_out_is_no_pass(tmp_path: Path) -> None:
    passes = tmp_path / "passes.json"
    made = report(tmp_path / "slim.xml", left_out=("test_each_allowance[blob]", "test_other"))

    with pytest.raises(SlimError, match=r"2 tests were chosen away, such as test_each_allowance\[blob\]"):
        record_pass(PINNED, made, "now", passes)

    assert not passes.exists()


@pytest.mark.parametrize("build", ["", slim_layout.pin(sha256="b" * 64).build, slim_layout.pin(tag="v1.0.0").build])
def test_a_report_about_another_build_is_not_recorded(tmp_path: Path, build: str) -> None:
    passes = tmp_path / "passes.json"

    with pytest.raises(SlimError, match=f"pinned is {PINNED.build}"):
        record_pass(PINNED, report(tmp_path / "slim.xml", build=build), "now", passes)

    assert not passes.exists()
