"""Which addresses are the stack's own where nothing but Google's agents names the project's number."""

from __future__ import annotations

import re

import pytest

from policy.check import check
from tests import harness
from tests.infra import stacks
from tests.policy.mutations import changed

SET = {key: stacks.PROD[key] for key in ("gcp:project", "jobImageDigest")}
NUMBER = re.compile(r"(?<=-)\d+(?=\.)")


@pytest.mark.parametrize("number", ["", "999999999999"])
def test_a_viewer_on_cloud_run_is_known_by_the_number_in_the_agents_names_and_by_no_other(number: str) -> None:
    cloud_run = {"viewerHost": "cloud_run", "viewerImageDigest": f"sha256:{'2' * 64}"}
    declared = harness.stack("local", **SET, **cloud_run).declared
    (job,) = [resource for resource in declared if resource.type == "gcp:cloudrunv2/job:Job"]
    variables = job.properties["template"]["template"]["containers"][0]["envs"]
    (at,) = [at for at, one in enumerate(variables) if one["name"] == "VIEWER_URL"]
    url = variables[at]["value"]
    other = NUMBER.sub(number, url) if number else url
    asking = changed(job, f"template.template.containers[0].envs[{at}].value", other)
    shown = [asking if resource is job else resource for resource in declared]

    assert ("addresses-are-known" in {one.rule for one in check(shown).violations}) is bool(number)
