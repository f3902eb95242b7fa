"""What can be told of a resource's id and outputs before it is made: ids, e-mails and addresses follow from the inputs.

For a rehearsal, in which nothing is created and yet what is declared on such outputs shall be known. What only Google
can tell is a stand-in where its shape is enough (`STAND_IN`), and otherwise stays unknown.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.calls import functions, log_buckets
from engine.provider import Declared, Refused
from engine.render import PLACE, fill
from engine.rest import with_settings
from engine.types import ROWS
from engine.types.row import Row
from engine.values import UNKNOWN

Json = dict[str, Any]

STAND_IN = "000000000000"
"""In place of a project's number or of an id that Google makes."""

OUTPUTS: Mapping[str, Mapping[str, str]] = {
    "gcp:firebase/hostingSite:HostingSite": {"defaultUrl": "https://{siteId}.web.app"},
    "gcp:cloudrunv2/service:Service": {"uri": f"https://{{name}}-{STAND_IN}.{{location}}.run.app"},
    "gcp:iam/workloadIdentityPool:WorkloadIdentityPool": {
        "name": f"projects/{STAND_IN}/locations/global/workloadIdentityPools/{{workloadIdentityPoolId}}"
    },
    "docker:index/image:Image": {"repoDigest": f"{{imageName}}@sha256:{'0' * 64}"},
}
"""Type → output → template, beyond or instead of what the type's row derives."""


def foretell(declared: Declared) -> tuple[str, Json]:
    """Id (empty when it is not known) and outputs; those that are not in it are unknown."""
    values = with_settings(declared.inputs, declared.settings)
    row = ROWS.get(declared.type)
    foretold = {name: expand_template(template, values) for name, template in OUTPUTS.get(declared.type, {}).items()}
    id_: str | None = None
    if declared.type == log_buckets.TYPE:
        id_ = expand_template("projects/{~project}/locations/{location}/buckets/{bucketId}", values)
        foretold["name"] = id_
    elif row is not None:
        values = {**row.fallback, **values}
        values["answer"] = answer = foretell_answer(row, declared, values)
        id_ = expand_template(row.id, values)
        stated = {name: expand_template(template, values) for name, template in row.outputs.items()}
        foretold = {**answer, **stated, **foretold}
    return id_ or "", {**{name: value for name, value in foretold.items() if value}, **declared.inputs}


def foretell_call(token: str, args: Mapping[str, Any]) -> Json | None:
    """What a function answers before anything may be asked; None when only Google can tell."""
    if token != functions.STORAGE_AGENT:
        return None
    return functions.service_account(
        str(args.get("project")), f"service-{STAND_IN}@gs-project-accounts.iam.gserviceaccount.com"
    )


def foretell_answer(row: Row, declared: Declared, values: Mapping[str, Any]) -> Json:
    """What the API's answer will say of what the inputs leave open: a name, an e-mail."""
    if declared.type == "gcp:serviceaccount/account:Account":
        email = expand_template("{accountId}@{project}.iam.gserviceaccount.com", values)
        return {"email": email, "name": expand_template(f"projects/{{project}}/serviceAccounts/{email}", values)}
    if declared.type == "gcp:projects/serviceIdentity:ServiceIdentity":
        service = str(values["service"]).partition(".")[0]
        return {"email": f"service-{STAND_IN}@gcp-sa-{service}.iam.gserviceaccount.com"}
    if "{answer." not in row.id:
        return {"name": expand_template(row.id, values)}
    path = expand_template(row.url.partition("?")[0], values)
    return {"name": f"{path.split('/', 2)[2]}/{STAND_IN}", "id": STAND_IN} if path else {}


def expand_template(template: str, values: Mapping[str, Any]) -> str | None:
    """The template filled; None when something in it is absent or unknown."""
    if any(values.get(name) is UNKNOWN for _, name in PLACE.findall(template)):
        return None
    try:
        return fill(template, values)
    except Refused:
        return None
