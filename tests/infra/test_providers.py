from __future__ import annotations

from pathlib import Path

import pulumi_gcp
from pydantic.alias_generators import to_camel

from infra.config_loader import config_of_stack
from infra.providers import provider_arguments, quota_provider
from tests.components.looking import inputs, node
from tests.harness import Deploy, Graph
from tests.infra import stacks


def provider(deploy: Deploy, **config: object) -> Graph:
    return deploy(lambda: quota_provider("firebase", "my-project", config_of_stack()), config=config)


def test_it_charges_the_project_that_is_deployed(deploy: Deploy) -> None:
    made = inputs(provider(deploy), "firebase")

    assert made["userProjectOverride"] in (True, "true")
    assert made["billingProject"] == made["project"] == "my-project"


def test_what_the_stack_sets_for_the_default_provider_holds_for_it_too() -> None:
    made = inputs(stacks.local(), "firebase")

    assert made["firebaseHostingCustomEndpoint"] == "http://127.0.0.1:8787/firebasehosting.googleapis.com/v1beta1/"
    assert made["firebaseCustomEndpoint"] == "http://127.0.0.1:8787/firebase.googleapis.com/v1beta1/"
    assert made["pollInterval"] == "1s"
    assert made["universeDomain"] == "emulator.invalid"
    assert "sendAfter" in str(made["batching"])


def test_credentials_of_the_stack_are_secret_in_it(deploy: Deploy) -> None:
    graph = provider(deploy, **{"gcp:accessToken": "not-a-token", "gcp:credentials": "not-a-key"})

    assert {"accessToken", "credentials"} <= node(graph, "firebase").secrets


def test_a_configuration_key_is_the_arguments_name_in_camel_case() -> None:
    """The SDK knows its keys only as properties that read them: each must read the key that we would."""
    source = (Path(pulumi_gcp.__file__).parent / "config" / "vars.py").read_text()
    assert source.count("@_builtins.property") > 200

    for argument in provider_arguments():
        if f"def {argument}(self)" in source:
            body = source.partition(f"def {argument}(self)")[2].partition("@_builtins.property")[0]
            assert f"'{to_camel(argument)}'" in body
