"""gcloud's commands as the API requests that it makes of them, sent to a local cloud as its owner.

Not gcloud's own words on a terminal: a command gives what the API answered. The requests are those that gcloud 528 was
seen to send, but for Cloud Run, of which it asks an older version of the API (`namespaces/…`).
"""

from __future__ import annotations

import shlex
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from tests.docs.page import split
from tests.localcloud.services.client import Api

Options = Mapping[str, str]
PATIENCE = 120.0
"""Seconds that an execution may take."""


def gcloud(api: Api, command: list[str], stdin: str = "") -> Any:
    """What the command's last request was answered. Fails when the API refuses, or the command is not known here."""
    words, options = split(command[1:])
    groups = {
        "logging": logging, "projects": projects, "run": run, "scheduler": scheduler, "workflows": workflows,
        "pubsub": pubsub, "storage": storage, "kms": kms,
    }  # fmt: skip
    if words[:2] == ["secrets", "versions"]:
        return secrets(api, words[2:], options, stdin)
    assert words[0] in groups, f"no request is known for {shlex.join(command)}"
    return groups[words[0]](api, words[1:], options)


def unknown(words: list[str]) -> AssertionError:
    return AssertionError(f"no request is known for {shlex.join(words)}")


def place(options: Options) -> str:
    return f"projects/{options['project']}/locations/{options.get('location') or options['region']}"


def listed(api: Api, path: str, key: str, options: Options) -> list[Any]:
    """All pages of a list, cut off where `--limit` says."""
    found, token = list[Any](), ""
    while True:
        answer = api.call("GET", path, params={"pageToken": token} if token else {})
        found += answer.get(key, [])
        token = answer.get("nextPageToken", "")
        if not token:
            return found[: int(options.get("limit", len(found)))]


def bound(policy: dict[str, Any], options: Options) -> dict[str, Any]:
    """The policy with one member more."""
    binding = {"role": options["role"], "members": [options["member"]]}
    return {**policy, "bindings": [*policy.get("bindings", []), binding]}


def unbound(policy: dict[str, Any], options: Options) -> dict[str, Any]:
    """The policy without a member of a role, whatever the conditions (`--all`)."""
    assert options["all"] == "true", "where bindings have conditions gcloud asks which one is meant"
    bindings: list[dict[str, Any]] = []
    for binding in policy.get("bindings", []):
        left = [one for one in binding["members"] if one != options["member"] or binding["role"] != options["role"]]
        bindings += [{**binding, "members": left}] if left else []
    return {**policy, "bindings": bindings}


def logging(api: Api, words: list[str], options: Options) -> Any:
    """Newest first, as far back as `--freshness` says."""
    match words:
        case ["read", wanted]:
            assert options["freshness"] == "1d"
            since = datetime.fromtimestamp(api.parts.cloud.clock(), UTC) - timedelta(days=1)
            body = {
                "resourceNames": [f"projects/{options['project']}"],
                "filter": f'timestamp>="{since:%Y-%m-%dT%H:%M:%S.%fZ}" AND ({wanted})',
                "orderBy": "timestamp desc",
                "pageSize": 1000,
            }
            return api.call("POST", "logging.googleapis.com/v2/entries:list", body)["entries"]
        case _:
            raise unknown(words)


def projects(api: Api, words: list[str], options: Options) -> Any:
    match words:
        case ["remove-iam-policy-binding", project]:
            url = f"cloudresourcemanager.googleapis.com/v1/projects/{project}"
            policy = api.call("POST", f"{url}:getIamPolicy", {"options": {"requestedPolicyVersion": 3}})
            return api.call("POST", f"{url}:setIamPolicy", {"policy": unbound(policy, options)})
        case _:
            raise unknown(words)


def run(api: Api, words: list[str], options: Options) -> Any:
    """`execute --wait` gives the execution when it has ended, and so does `cancel`."""
    root = "run.googleapis.com/v2"
    match words:
        case ["jobs", "executions", "list"]:
            path = f"{root}/{place(options)}/jobs/{options['job']}/executions"
            return sorted(listed(api, path, "executions", options), key=lambda one: one["createTime"], reverse=True)
        case ["jobs", "executions", "cancel", name]:
            path = f"{place(options)}/jobs/prepare/executions/{name}"
            api.call("POST", f"{root}/{path}:cancel", {})
            return ended(api, path)
        case ["jobs", "execute", job]:
            assert options["wait"] == "true"
            given = options.get("args", "").split(",")
            body = {"overrides": {"containerOverrides": [{"args": given}]}} if given != [""] else {}
            started = api.call("POST", f"{root}/{place(options)}/jobs/{job}:run", body)
            return ended(api, started["metadata"]["name"])
        case _:
            raise unknown(words)


def ended(api: Api, execution: str) -> dict[str, Any]:
    until = time.monotonic() + PATIENCE
    while "completionTime" not in (seen := api.call("GET", f"run.googleapis.com/v2/{execution}")):
        assert time.monotonic() < until, f"{execution} did not end in {PATIENCE:.0f} s"
        time.sleep(0.05)
    return seen


def scheduler(api: Api, words: list[str], options: Options) -> Any:
    root = f"cloudscheduler.googleapis.com/v1/{place(options)}/jobs"
    match words:
        case ["jobs", "list"]:
            return listed(api, root, "jobs", options)
        case ["jobs", "resume" | "run" as verb, job]:
            return api.call("POST", f"{root}/{job}:{verb}", {})
        case _:
            raise unknown(words)


def workflows(api: Api, words: list[str], options: Options) -> Any:
    root = f"workflowexecutions.googleapis.com/v1/{place(options)}/workflows"
    match words:
        case ["executions", "list", workflow]:
            return listed(api, f"{root}/{workflow}/executions", "executions", options)
        case ["executions", "describe", name]:
            return api.call("GET", f"{root}/{options['workflow']}/executions/{name}")
        case _:
            raise unknown(words)


def pubsub(api: Api, words: list[str], options: Options) -> Any:
    root = f"pubsub.googleapis.com/v1/projects/{options['project']}"
    match words:
        case ["subscriptions", "pull", name]:
            # Nothing is acknowledged without --auto-ack.
            body = {"maxMessages": int(options["limit"]), "returnImmediately": False}
            return api.call("POST", f"{root}/subscriptions/{name}:pull", body).get("receivedMessages", [])
        case ["subscriptions", "ack", name]:
            body = {"ackIds": options["ack-ids"].split(",")}
            return api.call("POST", f"{root}/subscriptions/{name}:acknowledge", body)
        case ["topics", "get-iam-policy", name]:
            return api.call("GET", f"{root}/topics/{name}:getIamPolicy")
        case _:
            raise unknown(words)


def storage(api: Api, words: list[str], options: Options) -> Any:
    root = "storage.googleapis.com/storage/v1/b"
    bucket, _, name = words[-1].removeprefix("gs://").partition("/")
    match words[:-1]:
        case ["ls"]:
            return [f"gs://{bucket}/{one}" for one in matching(api, bucket, name)]
        case ["cat"]:
            return api.raw("GET", f"{root}/{bucket}/o/{quote(name, safe='')}", params={"alt": "media"}).json()
        case ["rm"]:
            for one in (found := matching(api, bucket, name)):
                assert api.raw("DELETE", f"{root}/{bucket}/o/{quote(one, safe='')}").ok
            return found
        case ["buckets", "update"]:
            assert options == {"public-access-prevention": "true"}
            body = {"iamConfiguration": {"publicAccessPrevention": "enforced"}}
            return api.call("PATCH", f"{root}/{bucket}", body)
        case _:
            raise unknown(words)


def matching(api: Api, bucket: str, pattern: str) -> list[str]:
    """Objects whose names `prefix/**` matches. Like gcloud's, fails when there is none."""
    prefix, everything, rest = pattern.partition("**")
    assert (everything, rest) == ("**", ""), f"{pattern}: only what ends in ** is known here"
    answer = api.call("GET", f"storage.googleapis.com/storage/v1/b/{bucket}/o", params={"prefix": prefix})
    return [one["name"] for one in answer.get("items", [])]


def secrets(api: Api, words: list[str], options: Options, stdin: str) -> Any:
    root = f"secretmanager.googleapis.com/v1/projects/{options['project']}/secrets"
    match words:
        case ["add", name]:
            assert options["data-file"] == "-", "a value on the command line ends in the shell's history"
            return api.call("POST", f"{root}/{name}:addVersion", {"payload": {"data": stdin}})
        case ["enable" | "disable" | "destroy" as verb, number]:
            return api.call("POST", f"{root}/{options['secret']}/versions/{number}:{verb}", {})
        case _:
            raise unknown(words)


def kms(api: Api, words: list[str], options: Options) -> Any:
    keys = f"cloudkms.googleapis.com/v1/{place(options)}/keyRings/{options['keyring']}/cryptoKeys"
    match words:
        case ["keys", "versions", "restore", number]:
            return api.call("POST", f"{keys}/{options['key']}/cryptoKeyVersions/{number}:restore", {})
        case ["keys", "versions", "enable", number]:
            url = f"{keys}/{options['key']}/cryptoKeyVersions/{number}?updateMask=state"
            return api.call("PATCH", url, {"state": "ENABLED"})
        case ["keys", "get-iam-policy", key]:
            return api.call("GET", f"{keys}/{key}:getIamPolicy")
        case ["keys", "add-iam-policy-binding", key]:
            policy = api.call("GET", f"{keys}/{key}:getIamPolicy")
            return api.call("POST", f"{keys}/{key}:setIamPolicy", {"policy": bound(policy, options)})
        case _:
            raise unknown(words)
