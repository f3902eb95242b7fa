"""In place of the Pulumi CLI, for a delivery to the local cloud: `config set`, `up`, `stack output`, `preview`.

The in-process deployer only creates, so `up` runs the program as a preview, which finds every wrong setting, and then
asks the Run API for the changes that a delivery makes: the job's image, the viewer's. As the caller, whose token is in
GOOGLE_OAUTH_ACCESS_TOKEN. `.stand-in/fail` makes the next `up` fail, once. As with Pulumi, the stack rules of a policy
pack are asked in the preview, and with `--skip-preview` only once everything is changed.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import requests
import yaml

from engine import Deployment, HttpTransport, RestProvider, load_config, program_of, run
from ops.review.judge import declared_resources, today
from policy.check import check
from policy.exceptions import load

FOLDER = Path(".stand-in")
OUTPUTS = FOLDER / "outputs.json"


def config_set(stack: str, key: str, value: str) -> None:
    path = Path(f"Pulumi.{stack}.yaml")
    written: dict[str, Any] = yaml.safe_load(path.read_text())
    written["config"][key] = value
    path.write_text(yaml.safe_dump(written))


def ask_the_pack(stack: str, graph: Deployment) -> None:
    report = check(declared_resources(graph), exceptions=load(Path()), today=today())
    if report.violations:
        print(report, file=sys.stderr)
        sys.exit(f"error: [mandatory] violations on stack {stack}")


def up(stack: str, *, previewed: bool) -> None:
    if (FOLDER / "fail").exists():
        (FOLDER / "fail").unlink()
        sys.exit("error: update failed")
    loaded = load_config(Path(), stack)
    token = os.environ["GOOGLE_OAUTH_ACCESS_TOKEN"]
    base = loaded.config["gcp:cloudRunV2CustomEndpoint"].partition("/run.")[0]
    provider = RestProvider(HttpTransport(base, token))
    graph = run(
        program_of(Path()), provider, project=loaded.project_name, stack=stack, config=loaded.config, preview=True
    )
    if previewed:
        ask_the_pack(stack, graph)
    jobs = [node for node in graph.resources.values() if node.type == "gcp:cloudrunv2/job:Job"]
    outputs = json.loads(OUTPUTS.read_text())
    for job in jobs:
        image = job.inputs["template"]["template"]["containers"][0]["image"]
        change_image(base, token, outputs["job"], image)
        outputs["imageDigest"] = image.partition("@")[2]
    for service in (node for node in graph.resources.values() if node.type == "gcp:cloudrunv2/service:Service"):
        outputs["viewerUrl"] = show_image(base, token, service.inputs)
        outputs["viewerConfig"]["organization"] = loaded.config["dicom-platform:institution"]
    OUTPUTS.write_text(json.dumps(outputs))
    ask_the_pack(stack, graph)


def change_image(base: str, token: str, name: str, image: str) -> None:
    url, headers = f"{base}/run.googleapis.com/v2/{name}", {"Authorization": f"Bearer {token}"}
    answer = requests.get(url, headers=headers, timeout=30)
    answer.raise_for_status()
    job = answer.json()
    job["template"]["template"]["containers"][0]["image"] = image
    requests.patch(url, headers=headers, json={"template": job["template"]}, timeout=30).raise_for_status()


def show_image(base: str, token: str, inputs: dict[str, Any]) -> str:
    """The service's URL. It is made when it is not there, as it is by the first delivery."""
    root, headers = f"{base}/run.googleapis.com/v2/", {"Authorization": f"Bearer {token}"}
    place = f"projects/{inputs['project']}/locations/{inputs['location']}/services"
    url = f"{root}{place}/{inputs['name']}"
    template = {
        "serviceAccount": f"imaging-viewer@{inputs['project']}.iam.gserviceaccount.com",
        "containers": [{"image": inputs["template"]["containers"][0]["image"]}],
    }
    if requests.get(url, headers=headers, timeout=30).status_code == 404:
        new = {"serviceId": inputs["name"]}
        answer = requests.post(f"{root}{place}", params=new, headers=headers, json={"template": template}, timeout=30)
    else:
        answer = requests.patch(url, headers=headers, json={"template": template}, timeout=30)
    answer.raise_for_status()
    found = requests.get(url, headers=headers, timeout=30)
    found.raise_for_status()
    return str(found.json()["uri"])


def preview(stack: str, *, sames: bool) -> None:
    """`--json --refresh`: each resource is looked at, and then is as it was declared; of the job, what the Run API has
    instead, and how often it ran, which is no difference.

    Without `--show-sames` only changes and the stack itself are told, as in Pulumi.
    """
    base = load_config(Path(), stack).config["gcp:cloudRunV2CustomEndpoint"].partition("/run.")[0]
    headers = {"Authorization": f"Bearer {os.environ['GOOGLE_OAUTH_ACCESS_TOKEN']}"}
    steps: list[dict[str, Any]] = []
    for node in json.loads((FOLDER / "resources.json").read_text()):
        state = {key: node[key] for key in ("urn", "type", "parent", "protect", "inputs")}
        step = {"op": "same", "urn": node["urn"], "oldState": state, "newState": state}
        look = step | {"op": "refresh"}
        if node["type"] == "gcp:cloudrunv2/job:Job":
            answer = requests.get(f"{base}/run.googleapis.com/v2/{node['id']}", headers=headers, timeout=30)
            answer.raise_for_status()
            live = answer.json()["template"]["template"]["timeout"]
            if live != node["inputs"]["template"]["template"]["timeout"]:
                step |= {"op": "update", "diffReasons": ["template"]}
            look |= {"op": "update", "detailedDiff": {"executionCount": {"kind": "update", "inputDiff": False}}}
        steps += [look, step]
    summary = {"same": sum(step["op"] == "same" for step in steps)}
    kept = [step for step in steps if sames or step["op"] != "same" or "pulumi:pulumi:Stack" in step["urn"]]
    print(json.dumps({"steps": kept, "changeSummary": summary}, indent=4))


def main(arguments: list[str]) -> None:
    stack = arguments[arguments.index("--stack") + 1]
    with (FOLDER / "pulumi").open("a") as log:
        log.write(" ".join(arguments) + "\n")
    match arguments[:2]:
        case ["config", "set"]:
            config_set(stack, *arguments[2:4])
        case ["up", *_]:
            up(stack, previewed="--skip-preview" not in arguments)
        case ["preview", *_]:
            preview(stack, sames="--show-sames" in arguments)
        case ["cancel", *_]:
            print("no update is under way")
        case ["stack", "export"]:
            print('{"deployment": {}}')
        case ["stack", "import"]:
            assert json.loads(sys.stdin.read()) == {"deployment": {"resources": []}}
        case ["stack", "output"]:
            print(OUTPUTS.read_text())
        case _:
            sys.exit(f"the stand-in for pulumi does not know {arguments[:2]}")


if __name__ == "__main__":
    main(sys.argv[1:])
