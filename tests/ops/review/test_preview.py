"""What Pulumi prints becomes the same plan as two graphs do, whatever is printed around it."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from ops.review import compare, cost, preview, words
from ops.review.grants import custom_roles, grants, rights
from ops.review.graph import declare_graph
from ops.review.plan import SECRET, UNKNOWN, Plan, Unreadable, from_json, to_json
from tests.jobs.schema_check import problems
from tests.ops.review.graphs import ROLE, TOPIC, Graph, dataset, digest, grant, graph, node, previewed, role

SCHEMA = json.loads((Path(preview.__file__).parent / "plan.schema.json").read_text())
BEFORE = graph(dataset(), node(TOPIC, "old"), node(TOPIC, "same", name="t"), role("a.b.get"), grant())
AFTER = graph(
    dataset(location="us-central1", protect=False),
    node(TOPIC, "new"),
    node(TOPIC, "same", name="t"),
    role("a.b.get", "a.b.list"),
    grant(),
)


def events(before: Graph, after: Graph) -> list[str]:
    lines = ['{"sequence":1,"preludeEvent":{"config":{}}}']
    for step in previewed(before, after):
        metadata = {
            "op": step["op"],
            "urn": step["urn"],
            "old": step.get("oldState"),
            "new": step.get("newState"),
            "keys": step.get("replaceReasons"),
            "diffs": step.get("diffReasons"),
            "detailedDiff": {k: {"diffKind": v["kind"]} for k, v in (step["detailedDiff"] or {}).items()} or None,
        }
        lines.append(json.dumps({"resourcePreEvent": {"metadata": metadata, "planning": True}}))
    return [*lines, '{"summaryEvent":{"maybeCorrupt":false,"resourceChanges":{}}}', '{"cancelEvent":{}}']


def by_urn(plan: Plan) -> dict[str, Any]:
    return {step.urn: step for step in plan.steps}


def test_a_preview_and_two_graphs_make_the_same_plan() -> None:
    ours = compare.plan_of(BEFORE, AFTER)

    assert by_urn(preview.plan_of(digest(BEFORE, AFTER))) == by_urn(ours)
    assert {step.op for step in ours.steps} == {"create", "update", "replace", "delete", "same"}


def test_a_stream_of_events_makes_it_too() -> None:
    assert by_urn(preview.plan_of("\n".join(events(BEFORE, AFTER)))) == by_urn(compare.plan_of(BEFORE, AFTER))


@pytest.mark.parametrize("indent", [None, 4])
def test_other_lines_around_it_do_not_matter(indent: int | None) -> None:
    document = json.dumps(json.loads(digest(BEFORE, AFTER)), indent=indent)
    noise = "warning: using pulumi-resource-gcp from $PATH {not: json}\n{\n"

    assert preview.plan_of(noise + document + "\ndone {\n") == preview.plan_of(document)


def test_both_sources_keep_to_the_schema_and_can_be_read_again() -> None:
    for plan in (compare.plan_of(BEFORE, AFTER), preview.plan_of(digest(BEFORE, AFTER))):
        document = json.loads(json.dumps(to_json(plan)))

        assert problems(document, SCHEMA, whole=SCHEMA) == []
        assert from_json(document) == plan


def test_the_schema_refuses_what_is_not_a_plan() -> None:
    document = json.loads(json.dumps(to_json(compare.plan_of(BEFORE, AFTER))))
    document["steps"][0] |= {"op": "explode", "protect": True, "after": []}

    assert len(problems(document, SCHEMA, whole=SCHEMA)) == 3
    with pytest.raises(Unreadable, match=r"steps\[0\]\.op is 'explode'"):
        from_json(document)


def test_no_secret_survives_and_unknowns_are_words() -> None:
    secret = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "CANARY"}
    held = {"a": [{"b": secret}], "c": "04da6b54-80e4-46f7-96ec-b56ff0331ba9", "d": secret}

    assert preview.mask(held) == {"a": [{"b": SECRET}], "c": UNKNOWN, "d": SECRET}
    assert "CANARY" not in json.dumps(to_json(preview.plan_of(digest(graph(), graph(node(TOPIC, "t", x=secret))))))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no finished preview"),
        ("error: no stack selected", "no finished preview"),
        ('{"config": {}}', "no finished preview"),
        ("\n".join(events(BEFORE, AFTER)[:-2]), "no finished preview"),
        (digest(BEFORE, AFTER)[:-40], "no finished preview"),
        (digest(BEFORE, AFTER, diagnostics=[{"severity": "error", "message": "403 on the bucket"}]), "403 on the buck"),
        ('{"steps": [{"op": "transmogrify", "urn": "urn:pulumi:a::b::c:d:E::f"}]}', "transmogrify"),
        ('{"diagnosticEvent": {"severity": "error", "message": "boom"}}', "boom"),
    ],
)
def test_what_is_no_whole_preview_is_refused(text: str, said: str) -> None:
    with pytest.raises(Unreadable, match=said):
        preview.plan_of(text)


def test_a_path_of_a_difference_names_its_input() -> None:
    assert preview.top_level("template.template.containers[0].image") == "template"
    assert preview.top_level('["a.b"].c') == "a.b"
    assert preview.top_level("rules[1]") == "rules"


def test_what_is_only_forgotten_is_told_apart() -> None:
    kept = node(TOPIC, "t", deletionPolicy="ABANDON")

    assert preview.plan_of(digest(graph(kept), graph())).steps[0].stays_at_google


def test_what_is_read_and_forgotten_is_no_deletion() -> None:
    steps = [{"op": "discard", "urn": "urn:pulumi:dev::imaging::gcp:storage/bucket:Bucket::b", "oldState": {}}]

    assert preview.plan_of(json.dumps({"steps": steps})).steps[0].stays_at_google


def test_a_preview_that_leaves_out_what_stays_says_how_to_make_a_whole_one() -> None:
    document = json.loads(digest(BEFORE, AFTER, changeSummary={"same": 3, "update": 1}))
    whole = json.dumps(document)
    document["steps"] = [step for step in document["steps"] if step["op"] != "same"]

    assert preview.plan_of(whole)
    with pytest.raises(Unreadable, match="--show-sames"):
        preview.plan_of(json.dumps(document))


def refreshed(*ops: str) -> Plan:
    """What becomes of one topic, whose last step says what differs."""
    found = node(TOPIC, "t", labels={})
    state = {"urn": found.urn, "type": TOPIC, "inputs": {"labels": {}}}
    steps: list[dict[str, Any]] = [{"op": op, "urn": found.urn, "oldState": state, "newState": state} for op in ops]
    steps[0]["detailedDiff"] = {"messageCount": {"kind": "update", "inputDiff": False}}
    return preview.plan_of(json.dumps({"steps": steps}), refreshed=True)


@pytest.mark.parametrize(
    ("ops", "op"),
    [
        (["refresh", "same"], "same"),
        (["update", "same"], "same"),
        (["update", "update"], "update"),
        (["update"], "update"),
        (["delete", "create"], "create"),
        (["refresh", "delete"], "delete"),
        (["refresh", "create-replacement", "replace", "delete-replaced"], "replace"),
        (["delete-replaced", "replace", "create-replacement"], "replace"),
    ],
)
def test_after_a_look_at_google_it_counts_what_the_program_asks_for(ops: list[str], op: str) -> None:
    assert [step.op for step in refreshed(*ops).steps] == [op]


def test_a_field_that_google_fills_in_is_no_change() -> None:
    assert refreshed("update", "same").steps[0].changed == ()


@pytest.mark.parametrize("indent", [None, 4])
def test_no_part_of_a_cut_off_preview_is_taken_for_the_whole(indent: int | None) -> None:
    inner = [{"steps": [{"op": "same", "urn": "urn:pulumi:dev::a::b:c:D::e"}]}]
    many = graph(*(node(TOPIC, f"t{number}", build=inner) for number in range(300)))
    text = json.dumps(json.loads(digest(graph(), many)), indent=indent)

    with pytest.raises(Unreadable, match="no finished preview"):
        preview.plan_of(text[:-20])


OPEN = ("04da6b54-80e4-46f7-96ec-b56ff0331ba9", "[secret]")


def opened(type_: str, key: str, value: str) -> Plan:
    """Our own prod, where one input of one type is not known before the deployment."""
    before = prod()
    nodes = [replace(made, inputs={**made.inputs, key: value}) if made.type == type_ else made for made in before.nodes]
    return preview.plan_of(digest(before, replace(before, nodes=tuple(nodes))))


@cache
def prod() -> Graph:
    return declare_graph("prod")


def inputs_of_each_type() -> list[tuple[str, str]]:
    ours = [made for made in prod().nodes if made.type.startswith("gcp:")]
    return sorted({(made.type, key) for made in ours for key, value in made.inputs.items() if value != SECRET})


def test_whatever_is_not_known_yet_can_be_judged_priced_and_said() -> None:
    """Each input of each type of ours in turn; grants and cost are of all resources, so they meet every one."""
    use = cost.usage()
    for number, (type_, key) in enumerate(inputs_of_each_type()):
        plan = opened(type_, key, OPEN[number % 2])

        grants(plan.after())
        assert cost.estimate(plan.after(), use).total > 0, (type_, key)
        assert words.changes(plan, "update", "Changed") or words.changes(plan, "replace", "Replaced"), (type_, key)


def test_a_list_that_is_not_known_yet_is_not_taken_apart() -> None:
    plan = opened(ROLE, "permissions", OPEN[0])

    assert {UNKNOWN} == {name for names in custom_roles(plan.after()).values() for name in names}
    assert "A" not in {right.permission for right in rights(plan.after())}


def made_with(urn: str, op: str, state: dict[str, Any], **dependencies: list[str]) -> dict[str, Any]:
    """A step as the real engine shows what it makes in the same deployment as what it depends on."""
    new = {"urn": urn, "type": urn.split("::")[2].rpartition("$")[2], "custom": True, "inputs": state}
    return {"op": op, "urn": urn, "newState": {**new, "propertyDependencies": dependencies}}


P = "urn:pulumi:prod::p::dicom-platform:components:ImagingArchive$gcp:"
DATASET, RAW, SMOKE = (f"{P}healthcare/{name}" for name in (
    "dataset:Dataset::archive-dataset", "dicomStore:DicomStore::archive-raw", "dicomStore:DicomStore::archive-smoke"
))  # fmt: skip
JOB = f"{P}serviceaccount/account:Account::identities-job"
GRANT_TYPE = f"{P}healthcare/dicomStoreIamMember:DicomStoreIamMember"


def test_a_grant_on_what_is_made_with_it_says_whom_and_what_it_is_for() -> None:
    grant_ = {"role": "roles/healthcare.dicomEditor", "member": OPEN[0], "dicomStoreId": OPEN[0]}
    steps = [
        made_with(f"{GRANT_TYPE}::job-{number}", "create", grant_, member=[JOB], dicomStoreId=[store])
        for number, store in enumerate((RAW, SMOKE))
    ]

    made = grants(preview.plan_of(json.dumps({"steps": steps})).after())

    assert [(each.principal, each.resource) for each in made] == [
        ("[identities-job, known after the deployment]", f"[{store}, known after the deployment]")
        for store in ("archive-raw", "archive-smoke")
    ]


def test_a_store_that_goes_with_its_dataset_says_so() -> None:
    steps = [
        {**made_with(DATASET, "replace", {"name": "b"}), "replaceReasons": ["name"], "oldState": {"inputs": {}}},
        {**made_with(RAW, "replace", {"dataset": OPEN[0], "name": "raw"}, dataset=[DATASET], name=[]),
         "replaceReasons": None, "oldState": {"inputs": {}}},
    ]  # fmt: skip

    plan = by_urn(preview.plan_of(json.dumps({"steps": steps})))

    assert (plan[DATASET].replacing, plan[RAW].replacing) == (("name",), ("dataset",))
