"""Services, identities, grants on the project, keys, federation."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_gcp as gcp

from tests.engine.all_types.common import DESCRIPTION, LABELS, LOCATION, PROJECT

SERVICES = ("healthcare", "pubsub", "run", "workflows", "secretmanager")
UNTIL_2030 = {"title": "until", "expression": 'request.time < timestamp("2030-01-01T00:00:00Z")'}


@dataclass(frozen=True)
class Identity:
    number: pulumi.Output[str]
    healthcare_agent: pulumi.Output[str]
    worker: gcp.serviceaccount.Account
    invoker: gcp.serviceaccount.Account
    key: gcp.kms.CryptoKey
    key_grant: gcp.kms.CryptoKeyIAMMember


def declare() -> Identity:
    services = [
        gcp.projects.Service(name, service=f"{name}.googleapis.com", disable_on_destroy=name == "workflows")
        for name in SERVICES
    ]
    after_services = pulumi.ResourceOptions(depends_on=services)
    agent = gcp.projects.ServiceIdentity(
        "healthcare-agent", service="healthcare.googleapis.com", opts=after_services
    ).member
    project = gcp.organizations.get_project_output(project_id=PROJECT)
    worker = gcp.serviceaccount.Account(
        "worker", account_id="worker-sa", display_name="worker 1", description=DESCRIPTION, opts=after_services
    )
    invoker = gcp.serviceaccount.Account("invoker", account_id="invoker-sa")
    gcp.serviceaccount.IAMMember(
        "sa-user", service_account_id=worker.name, role="roles/iam.serviceAccountUser", member=invoker.member
    )
    grants_on_project(worker, invoker)
    key, grant = keys(agent)
    federation(worker)
    return Identity(project.number, agent, worker, invoker, key, grant)


def grants_on_project(worker: gcp.serviceaccount.Account, invoker: gcp.serviceaccount.Account) -> None:
    role = gcp.projects.IAMCustomRole(
        "role",
        role_id="dicomLister",
        title="DICOM lister 1",
        description=DESCRIPTION,
        permissions=["healthcare.dicomStores.get", "healthcare.dicomStores.list"],
        stage="GA",
    )
    gcp.projects.IAMMember("logs", project=PROJECT, role="roles/logging.logWriter", member=worker.member)
    gcp.projects.IAMMember("custom", project=PROJECT, role=role.name, member=worker.member)
    gcp.projects.IAMMember(
        "cond", project=PROJECT, role="roles/viewer", member=invoker.member, condition={**UNTIL_2030}
    )
    for service in ("healthcare", "secretmanager"):
        gcp.projects.IAMAuditConfig(
            f"audit-{service}",
            project=PROJECT,
            service=f"{service}.googleapis.com",
            audit_log_configs=[{"log_type": "ADMIN_READ"}, {"log_type": "DATA_READ"}],
        )


def keys(agent: pulumi.Output[str]) -> tuple[gcp.kms.CryptoKey, gcp.kms.CryptoKeyIAMMember]:
    ring = gcp.kms.KeyRing("ring", name="ring", location=LOCATION)
    key = gcp.kms.CryptoKey("key", name="key", key_ring=ring.id, rotation_period="7776000s", labels=LABELS)
    grant = gcp.kms.CryptoKeyIAMMember(
        "key-hc", crypto_key_id=key.id, role="roles/cloudkms.cryptoKeyEncrypterDecrypter", member=agent
    )
    return key, grant


def federation(worker: gcp.serviceaccount.Account) -> None:
    pool = gcp.iam.WorkloadIdentityPool(
        "gh", workload_identity_pool_id="github", display_name="GitHub 1", description=DESCRIPTION
    )
    gcp.iam.WorkloadIdentityPoolProvider(
        "ghp",
        workload_identity_pool_id=pool.workload_identity_pool_id,
        workload_identity_pool_provider_id="actions",
        display_name="Actions 1",
        oidc={"issuer_uri": "https://token.actions.githubusercontent.com"},
        attribute_mapping={"google.subject": "assertion.sub", "attribute.repository": "assertion.repository"},
        attribute_condition='assertion.repository == "acme/app"',
    )
    gcp.serviceaccount.IAMMember(
        "wif",
        service_account_id=worker.name,
        role="roles/iam.workloadIdentityUser",
        member=pulumi.Output.format("principalSet://iam.googleapis.com/{0}/attribute.repository/acme/app", pool.name),
    )
