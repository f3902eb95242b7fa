"""Grants add to a policy and take nothing out of it."""

from __future__ import annotations

import pulumi_gcp as gcp

from engine.calls.iam_members import add_audit, add_member
from tests import harness

A, B = "user:a@example.org", "user:b@example.org"


def test_a_member_joins_the_binding_of_its_role_once():
    policy = {"bindings": [{"role": "r", "members": [B]}, {"role": "other", "members": [B]}]}

    add_member(policy, {"role": "r", "member": A})
    add_member(policy, {"role": "r", "member": A})

    assert policy["bindings"] == [{"role": "r", "members": [A, B]}, {"role": "other", "members": [B]}]


def test_a_condition_makes_a_binding_of_its_own():
    policy = {"bindings": [{"role": "r", "members": [B]}]}
    condition = {"title": "t", "expression": "e"}

    add_member(policy, {"role": "r", "member": A, "condition": condition})

    assert policy["bindings"] == [
        {"role": "r", "members": [B]},
        {"role": "r", "members": [A], "condition": condition},
    ]


def test_audit_logs_of_a_service_replace_its_own_only():
    policy = {"auditConfigs": [{"service": s, "auditLogConfigs": [{"logType": "ADMIN_READ"}]} for s in ("a", "b")]}

    add_audit(policy, {"service": "a", "auditLogConfigs": [{"logType": "DATA_READ"}]})

    assert policy["auditConfigs"] == [
        {"service": "b", "auditLogConfigs": [{"logType": "ADMIN_READ"}]},
        {"service": "a", "auditLogConfigs": [{"logType": "DATA_READ"}]},
    ]


def test_grants_of_several_resources_end_up_in_one_policy():
    def program() -> None:
        topic = gcp.pubsub.Topic("t", name="t")
        for name, member in (("a", A), ("b", B)):
            gcp.pubsub.TopicIAMMember(name, topic=topic.name, role="roles/pubsub.viewer", member=member)

    graph = harness.deploy(program)

    policy = graph.cloud.iam.policy("//pubsub.googleapis.com/projects/dicom-local/topics/t")
    assert policy["bindings"] == [{"role": "roles/pubsub.viewer", "members": [A, B]}]
    assert graph.one("TopicIAMMember", "a").id == f"projects/dicom-local/topics/t/roles/pubsub.viewer/{A}"


def test_ids_are_the_providers():
    def program() -> None:
        condition = {"title": "until", "expression": 'request.time < timestamp("2030-01-01T00:00:00Z")'}
        grant = {"project": "dicom-local", "role": "roles/viewer", "member": A}
        gcp.projects.IAMMember("plain", **grant)
        gcp.projects.IAMMember("until", **grant, condition=condition)  # pyright: ignore[reportArgumentType]
        gcp.projects.IAMAuditConfig(
            "audit",
            project="dicom-local",
            service="healthcare.googleapis.com",
            audit_log_configs=[{"log_type": "DATA_READ"}],
        )

    graph = harness.deploy(program)

    assert graph.one("IAMMember", "plain").id == f"dicom-local/roles/viewer/{A}"
    assert graph.one("IAMMember", "until").id == f"dicom-local/roles/viewer/{A}/until"
    assert graph.one("IAMAuditConfig").id == "dicom-local/audit_config/healthcare.googleapis.com"
