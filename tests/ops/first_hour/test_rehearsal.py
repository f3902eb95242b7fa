"""The first hour, rehearsed: in order, killed at every request, without anybody there, and where something is wrong."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

from localcloud.control.special import organization
from ops.client.refusal import OpsRefused
from ops.first_hour import commands, deployment
from ops.first_hour.person import PersonNeeded
from ops.first_hour.steps import STEPS
from tests.ops.first_hour.page import GITHUB, PAGE, page
from tests.ops.first_hour.rehearsal import ANN, PROJECT, Rehearsal, rehearsal
from tests.ops.first_hour.stand_in import no_retries

POLICIES = "orgpolicy.googleapis.com"


def steps_of(said: list[str]) -> dict[str, bool]:
    """Step -> whether it was done before."""
    heads = [line for line in said if line.startswith("[")]
    return {line.partition("] ")[2].partition(":")[0]: line.endswith(": done") for line in heads}


def prove(made: Rehearsal) -> None:
    """All is there, once."""
    resources = made.cloud.resources
    assert made.engine.deployed == 2
    assert made.settings["dicom-platform:stateBucket"] == f"{PROJECT}-pulumi-state"
    job = resources.get("run.googleapis.com", f"projects/{PROJECT}/locations/europe-west4/jobs/prepare")
    assert job is not None
    image = job["template"]["template"]["containers"][0]["image"]
    assert image.endswith(f"/images/prepare@{made.settings['dicom-platform:jobImageDigest']}")
    builds = [name for name in resources.all("cloudbuild.googleapis.com") if "/builds/" in name]
    assert len(builds) == 1
    assert made.ran[-1][:2] == ("smoke_tests", "run")
    assert [words[:3] for words in made.ran if words[0] == "ops"] == [("ops", "viewer", "release")]


def test_in_order_it_is_as_the_page_shows_and_again_there_is_nothing_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with rehearsal(tmp_path, monkeypatch, **GITHUB) as made:
        made.run()

        prove(made)
        assert page(made.person.said) == PAGE.read_text(encoding="utf-8"), "python -m tests.ops.first_hour.page"
        assert list(steps_of(made.person.said)) == [step.name for step in STEPS]
        made.person.said.clear()
        made.person.answers = {}
        made.run()
        left = [name for name, done in steps_of(made.person.said).items() if not done]
        assert left == ["smoke tests"]
        prove(made)


def test_killed_at_every_request_it_is_finished_by_the_next_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deployment, "monthly_cost", lambda _: "")
    closed = {"dicom-platform:buildRegion": "europe-west4"}  # to new projects: it builds where it may
    with rehearsal(tmp_path, monkeypatch, **GITHUB, **closed) as made:
        made.engine.dies_after = 60
        made.fails = {"ops", "smoke_tests"}
        runs = 0
        for last in count():
            runs += 1
            try:
                made.run(last)
            except KeyboardInterrupt:
                if made.engine.deployed == 1 and made.engine.dies_after is None and runs % 2:
                    made.engine.dies_after = 2
                continue
            break

        prove(made)
        assert runs > len(STEPS)
        assert any("builds nothing in europe-west4" in line for line in made.person.said)
        assert made.fails == set()
        assert made.engine.killed.recovered > 0


def test_with_nobody_there_it_ends_at_each_stop_and_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deployment, "monthly_cost", lambda _: "")
    with rehearsal(tmp_path, monkeypatch) as made:
        made.set("gcp:project", PROJECT)
        made.person.is_there = False
        with pytest.raises(PersonNeeded, match="nobody is there to agree: Make project"):
            made.run()
        stops: list[str] = []
        acts = {
            "billing": made.person.acts["billing account"],
            "Firebase": made.person.acts["has Firebase"],
            "sign-in": lambda: made.set("dicom-platform:oauthClientId", "1-a.apps.googleusercontent.com"),
        }
        for word, act in acts.items():
            with pytest.raises(PersonNeeded, match=word) as needed:
                made.run(agreed=True)
            stops.append(str(needed.value))
            act()
        made.run(agreed=True)

        prove(made)
        assert all("run again: make first-hour STACK=dev" in stop for stop in stops)


@pytest.mark.parametrize(
    ("what", "words"),
    [
        (
            "taken id",
            f"project id {PROJECT}-x is taken, by somebody else .* make first-hour STACK=dev PROJECT=OTHER-ID",
        ),
        ("no creator", "you may not make projects in organizations/987654321098: ask for"),
        ("no rights", f"you lack artifactregistry.repositories.create, .* on project {PROJECT}: ask its owner"),
        (
            "policy",
            r"the organisation is in the way: policy gcp.resourceLocations: nothing may be made in europe-west4",
        ),
        ("region", "dicom-platform:location = 'europe-west99': must be a region"),
        ("network", r"cloudresourcemanager.* got no answer \(ConnectionError\); run again"),
        ("no parent", "say in which of these the project goes"),
    ],
)
def test_what_is_in_the_way_is_one_sentence_and_the_next_run_goes_on(
    what: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_retries(monkeypatch)
    with rehearsal(tmp_path, monkeypatch) as made:
        undo = put_in_the_way(made, what)
        with pytest.raises(OpsRefused, match=words) as refused:
            made.run()
        assert "\n" not in str(refused.value)
        assert commands.end(refused.value, "dev") in (commands.REFUSED, commands.PERSON_NEEDED)

        undo()
        made.person.answers = {r"Make bucket": "no", **made.person.answers}
        with pytest.raises(PersonNeeded, match="nothing was done without a yes"):
            made.run()
        assert [name for name, done in steps_of(made.person.said).items()][-1] == "state's home"


def put_in_the_way(made: Rehearsal, what: str) -> Callable[[], object]:
    """Gives what takes it away again."""
    cloud = made.cloud
    policy = f"projects/{PROJECT}/policies/gcp.resourceLocations"
    match what:
        case "taken id":
            made.set("gcp:project", f"{PROJECT}-x")
            return lambda: made.set("gcp:project", PROJECT)
        case "no creator":
            creators = cloud.iam._organization["bindings"].pop()
            return lambda: cloud.iam._organization["bindings"].append(creators)
        case "no rights":
            organization.change(cloud, created=0.0, billing="", terms=False)
            give(made, "roles/viewer")
            return lambda: give(made, "roles/owner")
        case "policy":
            rules = {"spec": {"rules": [{"values": {"allowedValues": ["in:us-locations"]}}]}}
            cloud.resources.put(POLICIES, policy, rules)
            return lambda: cloud.resources.delete(POLICIES, policy)
        case "region":
            made.set("gcp:project", PROJECT)
            made.set("dicom-platform:location", "europe-west99")
            return lambda: made.set("dicom-platform:location", "europe-west4")
        case "network":
            base, cloud.base = cloud.base, "http://127.0.0.1:1"
            return lambda: setattr(cloud, "base", base)
        case _:
            two = {"organizations": [{"name": "organizations/1"}, {"name": "organizations/2"}]}
            cloud.methods["cloudresourcemanager.v3:organizations.search"] = lambda _: two
            return lambda: cloud.methods.pop("cloudresourcemanager.v3:organizations.search")


def give(made: Rehearsal, role: str) -> None:
    """ANN has this role on the project, and has had it for long."""
    made.cloud.iam.set_policy(made.cloud.iam.project, {"bindings": [{"role": role, "members": [f"user:{ANN}"]}]})
    made.clock.ahead += 3600


def test_a_stack_without_a_file_and_a_project_that_is_none_are_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with rehearsal(tmp_path, monkeypatch) as made:
        with pytest.raises(OpsRefused, match=r"there is no Pulumi\.nowhere\.yaml"):
            commands.choose_project("nowhere", "", made.person, made.folder)
        with pytest.raises(OpsRefused, match="project id 'No': "):
            commands.choose_project("dev", "No", made.person, made.folder)
        made.set("gcp:project", PROJECT)
        made.set("dicom-platform:stateBucket", "b-state")
        with pytest.raises(OpsRefused, match="in which its state is already"):
            commands.choose_project("dev", "other-project", made.person, made.folder)
