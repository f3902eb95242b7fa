"""What a project consists of: enabled services, identities, roles, keys, secrets, federation."""

from __future__ import annotations

import base64
from datetime import timedelta

from engine.types.row import Around, Json, Row


def one_service(inputs: Json, _: Around) -> Json:
    return {"serviceIds": [inputs["service"]]}


def next_rotation(inputs: Json, around: Around) -> Json:
    """The provider, not the API, counts the first rotation from now."""
    if inputs.get("rotationPeriod"):
        period = timedelta(seconds=float(inputs["rotationPeriod"].removesuffix("s")))
        inputs["nextRotationTime"] = (around.now + period).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return inputs


def payload(inputs: Json, _: Around) -> Json:
    data = inputs.get("secretData") or inputs.get("secretDataWo") or ""
    if not inputs.get("isSecretDataBase64"):
        data = base64.b64encode(data.encode()).decode()
    return {"payload": {"data": data}}


SERVICES = {
    "gcp:projects/service:Service": Row(
        host="serviceusage",
        create="POST /v1/projects/{project}/services:batchEnable",
        id="{project}/{service}",
        read=None,
        polls="v1beta1",
        shape=one_service,
    ),
    "gcp:projects/serviceIdentity:ServiceIdentity": Row(
        host="serviceusage",
        create="POST /v1beta1/projects/{project}/services/{service}:generateServiceIdentity",
        id="projects/{project}/services/{service}",
        read=None,
        sends_body=False,
        outputs={"member": "serviceAccount:{answer.email}"},
    ),
}

IDENTITIES = {
    "gcp:serviceaccount/account:Account": Row(
        host="iam",
        create="POST /v1/projects/{project}/serviceAccounts",
        id="projects/{project}/serviceAccounts/{answer.email}",
        automatic="accountId",
        skip=frozenset({"createIgnoreAlreadyExists", "disabled"}),
        rename={"displayName": "serviceAccount.displayName", "description": "serviceAccount.description"},
        defaults={"serviceAccount": {}},
        outputs={"member": "serviceAccount:{answer.email}"},
    ),
    "gcp:projects/iAMCustomRole:IAMCustomRole": Row(
        host="iam",
        create="POST /v1/projects/{project}/roles",
        id="projects/{project}/roles/{roleId}",
        rename={
            "title": "role.title",
            "description": "role.description",
            "permissions": "role.includedPermissions",
            "stage": "role.stage",
        },
        defaults={"role.stage": "GA"},
    ),
    "gcp:iam/workloadIdentityPool:WorkloadIdentityPool": Row(
        host="iam",
        create="POST /v1/projects/{project}/locations/global/workloadIdentityPools"
        "?workloadIdentityPoolId={workloadIdentityPoolId}",
        id="projects/{project}/locations/global/workloadIdentityPools/{workloadIdentityPoolId}",
    ),
    "gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider": Row(
        host="iam",
        create="POST /v1/projects/{project}/locations/global/workloadIdentityPools/{workloadIdentityPoolId}/providers"
        "?workloadIdentityPoolProviderId={workloadIdentityPoolProviderId}",
        id="projects/{project}/locations/global/workloadIdentityPools/{workloadIdentityPoolId}"
        "/providers/{workloadIdentityPoolProviderId}",
    ),
}

KEYS = {
    "gcp:kms/keyRing:KeyRing": Row(
        host="cloudkms",
        create="POST /v1/projects/{project}/locations/{location}/keyRings?keyRingId={name}",
        id="projects/{project}/locations/{location}/keyRings/{name}",
        sends_body=False,
    ),
    "gcp:kms/cryptoKey:CryptoKey": Row(
        host="cloudkms",
        create="POST /v1/{keyRing}/cryptoKeys"
        "?cryptoKeyId={name}&skipInitialVersionCreation={skipInitialVersionCreation}",
        id="{keyRing}/cryptoKeys/{name}",
        labelled=True,
        defaults={"purpose": "ENCRYPT_DECRYPT"},
        fallback={"skipInitialVersionCreation": "false"},
        shape=next_rotation,
    ),
    "gcp:secretmanager/secret:Secret": Row(
        host="secretmanager",
        create="POST /v1/projects/{project}/secrets?secretId={secretId}",
        id="projects/{project}/secrets/{secretId}",
        labelled=True,
        rename={"replication.auto": "automatic"},
        keep=frozenset({"replication.auto"}),
        defaults={"replication.automatic": None},
    ),
    "gcp:secretmanager/secretVersion:SecretVersion": Row(
        host="secretmanager",
        create="POST /v1/{secret}:addVersion",
        id="{answer.name}",
        then=("POST /v1/{answer.name}:enable",),
        shape=payload,
        outputs={"version": "{~answer.name}"},
    ),
}

ROWS = {**SERVICES, **IDENTITIES, **KEYS}
