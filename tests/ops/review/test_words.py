"""The plan in words: what it says, and that nothing in a plan can say something else."""

from __future__ import annotations

import re

import pytest

from ops.review.compare import plan_of
from ops.review.dangers import dangers
from ops.review.graph import Graph, GraphNode
from ops.review.words import code, in_words, plain, sentence
from tests.ops.review.graphs import ARCHIVE, TOPIC, dataset, grant, graph, node, role

EVIL = "x`y|z\n# Heading\n<!-- imaging-plan --> <img src=x onerror=alert(1)> @someone #1 [a](javascript:b) \u202eback"


def words(before: Graph, after: Graph) -> str:
    plan = plan_of(before, after)
    return in_words(plan, dangers(plan))


def test_no_change_says_so() -> None:
    assert words(graph(dataset()), graph(dataset())) == (
        "### `dev`: no changes\n\n**Nothing dangerous.**\n\n**Least privilege:** as it was.\n"
    )


def test_dangers_come_first_with_why_and_remedy() -> None:
    said = words(graph(dataset()), graph(dataset(location="us-central1"), node(TOPIC, "new")))

    assert said.index("To be agreed to: ") < said.index("Created: 1") < said.index("Replaced: 1")
    assert "every image of every store in it, at once and for good" in said
    assert "`location` `europe-west4` → `us-central1`" in said


def test_a_difference_is_named_as_deep_down_as_it_is_one() -> None:
    old = node(TOPIC, "t", policy={"regions": ["a"], "other": {"x": 1}})
    new = node(TOPIC, "t", policy={"regions": ["a"], "other": {"x": 2}})

    assert "`policy.other.x` `1` → `2`" in words(graph(old), graph(new))


def test_differences_in_a_list_are_said_by_name_by_place_or_by_what_came_and_went() -> None:
    def job(cpu: str, store: str, *roles: str) -> GraphNode:
        containers = [{"resources": {"limits": {"cpu": cpu}}, "envs": [{"name": "STORE", "value": store}]}]
        return node(TOPIC, "t", template={"containers": containers}, roles=list(roles))

    said = words(graph(job("4", "raw", "a", "b")), graph(job("8", "viewer", "a", "c")))

    assert "`template.containers[0].resources.limits.cpu` `4` → `8`" in said
    assert "`template.containers[0].envs[STORE].value` `raw` → `viewer`" in said
    assert "`roles` more `c`; `roles` no longer `b`" in said


def test_a_long_difference_is_cut_and_counted() -> None:
    old, new = (node(TOPIC, "t", labels={f"l{n}": value for n in range(20)}) for value in "ab")

    said = words(graph(old), graph(new))

    told, shown = said.split("**Changed")
    assert told.count("`a` → `b`") == 20, "what is agreed to is told to the last value"
    assert shown.count("`a` → `b`") == 8
    assert "and 12 more below `labels`" in shown


def test_a_new_version_of_the_provider_is_named_and_components_are_not_counted() -> None:
    provider = ("pulumi:providers:gcp", "google")
    before = graph(node(*provider, version="10.2.0"), node(ARCHIVE, "archive", stores=["raw"]))
    after = graph(node(*provider, version="11.0.0"), node(ARCHIVE, "archive", stores=["raw", "viewer"]))

    said = words(before, after)

    assert said.startswith("### `dev`: 1 changed\n")
    assert "- `google` (providers gcp): `version` `10.2.0` → `11.0.0`" in said
    assert "archive" not in said


def test_what_several_dangers_have_in_common_is_said_once() -> None:
    before = graph(dataset(), role("a.b.get"), grant())
    said = words(before, graph(dataset(), role("a.b.get"), grant(), grant("viewer"), grant("smoke")))

    assert "- **widen**, 2 times. It could not do that before. *Grant it less" in said
    assert said.count("It could not do that before.") == 1
    assert "  - `serviceAccount:job@p.iam.gserviceaccount.com` gets `a.b.get` on `dicomStores/smoke`." in said


def test_the_difference_of_the_matrix_is_a_line_for_principal_and_resource() -> None:
    said = words(graph(dataset(), role("a.b.get"), grant()), graph(dataset(), role("a.b.list"), grant()))

    assert "Least privilege: 2 differences" in said
    assert re.search(r"- new: `serviceAccount:job@.*`: `a\.b\.list`", said)
    assert re.search(r"- no longer: `serviceAccount:job@.*`: `a\.b\.get`", said)


def test_long_lists_are_folded() -> None:
    many = [node(TOPIC, f"t{number}") for number in range(20)]

    assert "<details><summary><b>Created: 20</b></summary>" in words(graph(dataset()), graph(dataset(), *many))


def outside_code(text: str) -> str:
    return re.sub(r"`[^`\n]*`|&#\d+;", "", text)


@pytest.mark.parametrize("where", ["name", "value", "member", "stack"])
def test_nothing_in_a_plan_acts_as_markup(where: str) -> None:
    before = graph(dataset(), role("a"))
    after = {
        "name": graph(dataset(), role("a"), node(TOPIC, EVIL)),
        "value": graph(dataset(timeZone=EVIL), role("a")),
        "member": graph(dataset(), role("a"), grant(member=f"group:{EVIL}")),
        "stack": Graph(stack=EVIL, nodes=before.nodes),
    }[where]

    said = words(before, after)

    assert said.count("`") % 2 == 0
    for markup in ("<img", "<!--", "@someone", "#1", "](java", "\u202e", "\n# "):
        assert markup not in outside_code(said), markup
    assert "\n# Heading" not in said
    assert "<!--" not in said


def test_a_code_span_is_one_line_without_backticks_or_pipes() -> None:
    shown = code(EVIL * 10)

    assert "\n" not in shown
    assert shown.count("`") == 2
    assert "|" not in shown
    assert len(shown) < 130
    assert code("") == "` `"


def test_prose_and_sentences_keep_their_words() -> None:
    assert plain("a <b> & @c") == "a &lt;b&gt; &amp; &#64;c"
    assert sentence("`a|b` goes to *all*.") == "`a¦b` goes to &#42;all&#42;."
