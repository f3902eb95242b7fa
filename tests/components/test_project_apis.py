from __future__ import annotations

from components.project_apis import ProjectApis, ProjectApisArgs
from tests.components.looking import before, children, inputs, names
from tests.harness import Deploy, Graph


def apis(deploy: Deploy) -> Graph:
    args = ProjectApisArgs(project="dicom-local", services=["healthcare", "run"], agents=["healthcare"])
    return deploy(lambda: ProjectApis("apis", args))


def test_each_api_is_turned_on_and_the_agents_that_are_asked_for_are_made(deploy: Deploy) -> None:
    assert children(apis(deploy), "apis") == {
        "apis-healthcare": "projects/service:Service",
        "apis-run": "projects/service:Service",
        "apis-healthcare-agent": "projects/serviceIdentity:ServiceIdentity",
    }
    assert inputs(apis(deploy), "apis-run")["service"] == "run.googleapis.com"


def test_destroying_the_stack_leaves_apis_on(deploy: Deploy) -> None:
    graph = apis(deploy)

    for name in names(graph, "Service"):
        assert inputs(graph, name)["disableOnDestroy"] is False
        assert "disableDependentServices" not in inputs(graph, name)


def test_an_agent_is_made_when_its_api_is_on_and_is_named_as_iam_does(deploy: Deploy) -> None:
    graph = apis(deploy)

    assert "apis-healthcare" in before(graph, "apis-healthcare-agent")
    assert graph.one("ProjectApis").outputs["agents"] == {
        "healthcare": "serviceAccount:service-123456789012@gcp-sa-healthcare.iam.gserviceaccount.com"
    }
