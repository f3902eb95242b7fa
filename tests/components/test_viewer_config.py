from __future__ import annotations

import pulumi_gcp as gcp

from components.viewer_config import ViewerConfig, ViewerConfigArgs
from tests.components.looking import children, inputs, node
from tests.harness import Deploy, Graph


def config(deploy: Deploy) -> Graph:
    def program() -> None:
        secret = gcp.secretmanager.Secret("s", secret_id="viewer-config", replication={"auto": {}})
        ViewerConfig("config", ViewerConfigArgs(secret=secret.id, content='{"path": "/"}'))

    return deploy(program)


def test_it_is_one_version_of_the_secret_it_is_given(deploy: Deploy) -> None:
    graph = config(deploy)

    assert children(graph, "config") == {"config-version": "secretmanager/secretVersion:SecretVersion"}
    assert inputs(graph, "config-version")["secret"] == "projects/dicom-local/secrets/viewer-config"
    assert inputs(graph, "config-version")["secretData"] == '{"path": "/"}'


def test_its_output_is_the_version_not_the_value(deploy: Deploy) -> None:
    version = node(config(deploy), "config").outputs["version"]

    assert version.endswith("/secrets/viewer-config/versions/1")
