"""The real provider's recorded traffic gets the recorded answers, and every special case is needed for that."""

from __future__ import annotations

from pathlib import Path

import pytest

from localcloud.awkward import WITHOUT_WAITING
from localcloud.cloud import Cloud
from localcloud.control.plane import ControlPlane
from localcloud.control.special import EXTRAS, METHODS
from localcloud.control.special.registry import SEEDS
from tests.localcloud.control import replay

NOT_RECORDED = {
    "iam.v1:projects.locations.workloadIdentityPools.undelete": "no pool was deleted before",
    "iam.v1:projects.locations.workloadIdentityPools.providers.undelete": "no provider was deleted before",
    "logging.v2:projects.locations.buckets.undelete": "no bucket was had back",
    "logging.v2:projects.exclusions.create": "no exclusion was made: test_special.py",
    "logging.v2:projects.exclusions.patch": "no exclusion was made: test_special.py",
    "logging.v2:projects.metrics.create": "no metric was made: test_special.py",
    "logging.v2:projects.metrics.update": "no metric was made: test_special.py",
    "monitoring.v1:projects.dashboards.create": "Google itself was not recorded; zeros are left out in test_awkward.py",
    "monitoring.v1:projects.dashboards.patch": "Google itself was not recorded; zeros are left out in test_awkward.py",
    "firebasehosting.v1beta1:projects.sites.channels.create": "no channel was made",
    "firebasehosting.v1beta1:sites.channels.create": "no channel was made",
    "run.v2:projects.locations.services.create": "no service was made",
    "cloudbuild.v1:projects.locations.triggers.patch": "the recorded answer to PATCH is bare",
    "cloudbilling.v1:projects.updateBillingInfo": "the provider links nobody",
    "cloudresourcemanager.v3:organizations.search": "the provider looks for no organisation",
    "cloudresourcemanager.v3:projects.create": "the project was there",
    "orgpolicy.v2:projects.policies.getEffectivePolicy": "the provider does not ask the organisation",
    "cloudkms.v1:projects.locations.keyRings.cryptoKeys.cryptoKeyVersions.restore": "no version was restored",
    "cloudscheduler.v1:projects.locations.jobs.pause": "no job was paused",
    "iam.v1:projects.roles.undelete": "the provider undeletes only what was deleted before",
    "iam.v1:projects.serviceAccounts.delete": "nobody of the same name came after",
    "iam.v1:projects.serviceAccounts.disable": "nothing was disabled",
    "iam.v1:projects.serviceAccounts.enable": "nothing was disabled",
    "iamcredentials.v1:projects.serviceAccounts.generateAccessToken": "nobody was impersonated",
    "logging.v2:projects.locations.buckets.delete": "the bucket was not locked",
    "secretmanager.v1:projects.secrets.versions.access": "no payload was read",
    "secretmanager.v1:projects.secrets.versions.disable": "no version was disabled",
    "secretmanager.v1:projects.secrets.versions.get": "`latest` was not asked for",
    "serviceusage.v1:services.enable": "the provider enables in batches",
    "serviceusage.v1:services.get": "the provider lists instead",
    "storage.v1:buckets.delete": "the bucket was empty",
    "storage.v1:buckets.list": "the provider does not list buckets",
    "storage.v1:buckets.patch": "no label was removed",
    "storage.v1:buckets.testIamPermissions": "nobody asked what it may",
    "storage.v1:projects.serviceAccount.get": "no bucket was encrypted with a customer's key",
    "workflows.v1:projects.locations.workflows.patch": "the source did not change",
}
"""Special cases that the recording cannot show to be needed, and why; test_special.py does."""


def fresh(folder: Path) -> replay.Replay:
    cloud = Cloud(data=folder, project="proj-fake", number="123456789012", awkward=WITHOUT_WAITING)
    return replay.Replay(cloud, ControlPlane(cloud))


def test_every_recorded_request_is_answered_as_recorded(tmp_path: Path) -> None:
    recorded = replay.rows()

    problems = fresh(tmp_path).run(recorded)

    assert len(recorded) == 647
    assert problems == []


@pytest.mark.parametrize("method_id", sorted(METHODS))
def test_without_a_special_answer_the_replay_is_red(
    method_id: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(METHODS, method_id)

    problems = fresh(tmp_path).run(replay.rows(), stop_early=True)

    assert bool(problems) != (method_id in NOT_RECORDED)


@pytest.mark.parametrize("method_id", sorted(EXTRAS))
def test_without_an_addition_the_replay_is_red(method_id: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(EXTRAS, method_id)

    problems = fresh(tmp_path).run(replay.rows(), stop_early=True)

    assert bool(problems) != (method_id in NOT_RECORDED)


@pytest.mark.parametrize("index", range(len(SEEDS)))
def test_without_what_a_project_has_from_the_start_the_replay_is_red(
    index: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("localcloud.control.special.SEEDS", [s for i, s in enumerate(SEEDS) if i != index])

    assert fresh(tmp_path).run(replay.rows(), stop_early=True)
