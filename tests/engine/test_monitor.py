"""The graph is the one the engine would have made."""

from __future__ import annotations

import pulumi
import pulumi_gcp as gcp
import pytest

from engine import UNKNOWN, DeploymentFailed, Event, Refused
from tests.engine.echo import Echo, go

ROOT = "urn:pulumi:dev::proj::pulumi:pulumi:Stack::proj-dev"
TOPIC = "gcp:pubsub/topic:Topic"


class Shelf(pulumi.ComponentResource):
    """A component with one topic; `inner` nests another."""

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None, inner: bool = False) -> None:
        super().__init__("demo:shelf:Shelf", name, None, opts)
        self.topic = gcp.pubsub.Topic(f"{name}-topic", opts=pulumi.ResourceOptions(parent=self))
        if inner:
            Shelf(f"{name}-inner", pulumi.ResourceOptions(parent=self))
        self.register_outputs({"topic": self.topic.id})


def test_urns_carry_the_whole_chain_of_parent_types_without_the_stack():
    deployment = go(lambda: Shelf("a", inner=True))

    assert set(deployment.resources) == {
        ROOT,
        "urn:pulumi:dev::proj::demo:shelf:Shelf::a",
        f"urn:pulumi:dev::proj::demo:shelf:Shelf${TOPIC}::a-topic",
        "urn:pulumi:dev::proj::demo:shelf:Shelf$demo:shelf:Shelf::a-inner",
        f"urn:pulumi:dev::proj::demo:shelf:Shelf$demo:shelf:Shelf${TOPIC}::a-inner-topic",
    }


def test_parents_are_urns_and_the_root_of_all_is_the_stack():
    deployment = go(lambda: Shelf("a"))

    assert deployment.resources["urn:pulumi:dev::proj::demo:shelf:Shelf::a"].parent == ROOT
    topic = deployment.resources[f"urn:pulumi:dev::proj::demo:shelf:Shelf${TOPIC}::a-topic"]
    assert topic.parent == "urn:pulumi:dev::proj::demo:shelf:Shelf::a"
    assert deployment.resources[ROOT].parent == ""


def test_the_same_urn_twice_is_an_error_that_names_where_the_first_one_is():
    def program() -> None:
        gcp.pubsub.Topic("t", name="a")
        gcp.pubsub.Topic("t", name="b")

    with pytest.raises(DeploymentFailed, match=r"Topic 't' \(test_monitor.py#\d+\).*test_monitor.py#\d+.*another name"):
        go(program)


def test_dependencies_are_kept_for_the_resource_and_for_each_property():
    def program() -> None:
        topic = gcp.pubsub.Topic("t")
        other = gcp.pubsub.Topic("o")
        gcp.pubsub.Subscription("s", topic=topic.id, opts=pulumi.ResourceOptions(depends_on=[other]))

    node = go(program).resources["urn:pulumi:dev::proj::gcp:pubsub/subscription:Subscription::s"]

    assert node.dependencies == [f"urn:pulumi:dev::proj::{TOPIC}::{name}" for name in "ot"]
    assert node.property_dependencies == {"topic": [f"urn:pulumi:dev::proj::{TOPIC}::t"]}
    assert node.inputs == {"topic": "id/t"}


def test_options_are_kept():
    former = f"urn:pulumi:dev::proj::demo:shelf:Shelf${TOPIC}::t"
    options = pulumi.ResourceOptions(
        protect=True, retain_on_delete=True, ignore_changes=["labels"], aliases=[pulumi.Alias(name="old"), former]
    )

    node = go(lambda: gcp.pubsub.Topic("t", opts=options)).resources[f"urn:pulumi:dev::proj::{TOPIC}::t"]

    assert node.protect
    assert node.retain_on_delete
    assert node.ignore_changes == ["labels"]
    assert node.aliases == [f"urn:pulumi:dev::proj::{TOPIC}::old", former]


def test_whole_numbers_come_back_as_integers_and_others_stay():
    def program() -> None:
        gcp.pubsub.Subscription("s", topic="t", ack_deadline_seconds=60)
        gcp.monitoring.Slo("o", service="s", goal=0.99)

    graph = go(program).resources

    seconds = graph["urn:pulumi:dev::proj::gcp:pubsub/subscription:Subscription::s"].inputs["ackDeadlineSeconds"]
    assert (seconds, type(seconds)) == (60, int)
    assert graph["urn:pulumi:dev::proj::gcp:monitoring/slo:Slo::o"].inputs["goal"] == 0.99


def test_a_secret_is_a_mark_at_its_own_path_and_follows_into_outputs_and_exports():
    def program() -> None:
        version = gcp.secretmanager.SecretVersion("v", secret="s", secret_data=pulumi.Output.secret("hunter2"))
        variable = {"name": "KEY", "value": pulumi.Output.secret("x")}
        container = {"image": "i", "envs": [{"name": "A", "value": "plain"}, variable]}
        gcp.cloudrunv2.Job("j", location="l", template={"template": {"containers": [container]}})
        pulumi.export("data", {"inner": version.secret_data})

    deployment = go(program)

    version = deployment.resources["urn:pulumi:dev::proj::gcp:secretmanager/secretVersion:SecretVersion::v"]
    assert version.inputs["secretData"] == "hunter2"
    assert version.secrets == {"secretData"}
    assert version.secret_outputs == {"secretData"}
    job = deployment.resources["urn:pulumi:dev::proj::gcp:cloudrunv2/job:Job::j"]
    assert job.secrets == {"template.template.containers[0].envs[1].value"}
    assert deployment.outputs == {"data": {"inner": "hunter2"}}
    assert deployment.secret_outputs == {"data.inner"}


def test_what_is_secret_in_the_inputs_is_secret_in_the_outputs():
    deployment = go(lambda: gcp.pubsub.Topic("t", labels={"a": pulumi.Output.secret("x"), "b": "y"}))

    assert deployment.resources[f"urn:pulumi:dev::proj::{TOPIC}::t"].secret_outputs == {"labels.a"}


def test_outputs_that_the_program_calls_secret_are_marked():
    options = pulumi.ResourceOptions(additional_secret_outputs=["name"])

    deployment = go(lambda: gcp.pubsub.Topic("t", name="n", opts=options))

    assert deployment.resources[f"urn:pulumi:dev::proj::{TOPIC}::t"].secret_outputs == {"name"}


def test_a_preview_creates_nothing_and_leaves_unknown_what_only_a_deployment_tells():
    provider = Echo()

    def program() -> None:
        topic = gcp.pubsub.Topic("t", name="n")
        gcp.pubsub.Subscription("s", topic=topic.id, filter=topic.name)
        pulumi.export("id", topic.id)

    deployment = go(program, provider, preview=True)

    node = deployment.resources["urn:pulumi:dev::proj::gcp:pubsub/subscription:Subscription::s"]
    assert node.inputs == {"topic": UNKNOWN, "filter": "n"}
    assert deployment.outputs == {"id": UNKNOWN}
    assert provider.created == []


def test_a_refused_resource_is_one_sentence_and_what_does_not_need_it_is_still_made():
    provider = Echo(refuses={"bad": Refused("the API answered 403: no", "labels")})

    def program() -> None:
        bad = gcp.pubsub.Topic("bad")
        gcp.pubsub.Subscription("of-bad", topic=bad.id)
        gcp.pubsub.Topic("good")
        pulumi.export("shout", bad.name.apply(lambda name: name.upper()))

    with pytest.raises(DeploymentFailed) as caught:
        go(program, provider)

    assert [f"{f.type} {f.name} {f.property}" for f in caught.value.failures] == [f"{TOPIC} bad labels"]
    assert str(caught.value).startswith(f"{TOPIC} 'bad' (test_monitor.py#")
    assert str(caught.value).endswith("labels: the API answered 403: no")
    assert [declared.name for declared in provider.created] == ["good"]
    assert [node.name for node in caught.value.deployment.resources.values()] == ["proj-dev", "good"]


def test_all_failures_of_a_run_are_told_together():
    provider = Echo(refuses={"a": Refused("no"), "b": Refused("never")})

    def program() -> None:
        gcp.pubsub.Topic("a")
        gcp.pubsub.Topic("b")

    with pytest.raises(DeploymentFailed) as caught:
        go(program, provider)

    assert [failure.name for failure in caught.value.failures] == ["a", "b"]
    assert len(str(caught.value).splitlines()) == 2


def test_a_refused_function_ends_the_run_with_its_name_and_reason():
    token = "gcp:organizations/getProject:getProject"
    provider = Echo(refuses={token: Refused("there is no such project", "projectId")})

    with pytest.raises(DeploymentFailed, match=rf"{token}: projectId: there is no such project"):
        go(lambda: pulumi.export("n", gcp.organizations.get_project_output(project_id="x").number), provider)


def test_functions_get_their_arguments_and_answer():
    provider = Echo(answers={"number": "123"})

    deployment = go(lambda: pulumi.export("n", gcp.organizations.get_project_output(project_id="x").number), provider)

    assert deployment.outputs == {"n": "123"}
    assert [(call.token, call.args) for call in deployment.invokes] == [
        ("gcp:organizations/getProject:getProject", {"projectId": "x"})
    ]


def test_an_explicit_provider_is_a_resource_whose_settings_reach_its_resources():
    provider = Echo()

    def program() -> None:
        quota = gcp.Provider("quota", project="other", user_project_override=True)
        gcp.firebase.Project("f", opts=pulumi.ResourceOptions(provider=quota))
        gcp.pubsub.Topic("t")

    deployment = go(program, provider)

    urn = "urn:pulumi:dev::proj::pulumi:providers:gcp::quota"
    assert deployment.resources[urn].inputs["project"] == "other"
    assert deployment.resources["urn:pulumi:dev::proj::gcp:firebase/project:Project::f"].provider.startswith(urn)
    assert {declared.name: declared.settings["project"] for declared in provider.created} == {"f": "other", "t": "p"}


def test_progress_is_told_as_it_happens_parents_first():
    events: list[Event] = []

    go(lambda: Shelf("a"), on_event=events.append)

    assert [(event.phase, event.name) for event in events] == [
        ("creating", "proj-dev"),
        ("creating", "a"),
        ("creating", "a-topic"),
        ("created", "a-topic"),
        ("created", "a"),
        ("created", "proj-dev"),
    ]
    assert all(event.seconds > 0 for event in events if event.phase == "created")


def test_a_failure_is_an_event_too():
    events: list[Event] = []

    with pytest.raises(DeploymentFailed):
        go(lambda: gcp.pubsub.Topic("t"), Echo(refuses={"t": Refused("no")}), on_event=events.append)

    assert [event.phase for event in events if event.name == "t"] == ["creating", "failed"]


def test_reading_an_existing_resource_is_refused_in_words():
    with pytest.raises(DeploymentFailed, match=r"Topic 't': .* does not read existing resources"):
        go(lambda: gcp.pubsub.Topic.get("t", "projects/p/topics/t"))


def test_every_other_option_is_kept_and_none_that_the_sdk_sets_by_itself():
    def program() -> None:
        gcp.pubsub.Topic("plain")
        gcp.pubsub.Topic(
            "odd",
            opts=pulumi.ResourceOptions(
                replace_on_changes=["labels"],
                delete_before_replace=True,
                custom_timeouts=pulumi.CustomTimeouts(delete="1s"),
                additional_secret_outputs=["name"],
                version="1.2.3",
                plugin_download_url="https://evil.example",
            ),
        )

    deployment = go(program)

    options = {node.name: node.options for node in deployment.resources.values()}
    own = {"replaceOnChanges", "deleteBeforeReplace", "customTimeouts", "version", "pluginDownloadURL"}
    assert options["odd"].keys() - options["plain"].keys() == own
    assert "name" in options["odd"]["additionalSecretOutputs"]
    assert options["plain"].keys() <= {"additionalSecretOutputs"}
