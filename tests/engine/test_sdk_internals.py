"""What the engine uses of the Pulumi SDK's inside. Red after moving the pin: read `engine/run.py` first."""

from __future__ import annotations

import inspect
from importlib.metadata import version

from pulumi.runtime import _callbacks, config, rpc, settings, stack
from pulumi.runtime.proto import resource_pb2

PINNED = "3.272.0"


def test_the_sdk_is_the_one_this_was_written_for():
    assert version("pulumi") == PINNED, (
        "another SDK: run tests/engine, compare its runtime/settings.py, runtime/stack.py and runtime/resource.py"
        " with the pinned one, then move PINNED"
    )


def test_the_parts_that_are_used_are_there():
    arguments = inspect.signature(settings.Settings).parameters
    assert {"project", "stack", "monitor", "engine", "dry_run", "organization", "root_directory"} <= set(arguments)
    assert inspect.iscoroutinefunction(stack.run_in_stack)
    assert callable(settings.configure)
    assert inspect.iscoroutinefunction(settings._get_callbacks)
    assert "callbacks" in vars(settings.Settings)
    assert {"register_resource_hook", "register_error_hook"} <= vars(_callbacks._CallbackServicer).keys()
    assert callable(config.set_all_config)
    assert isinstance(rpc.UNKNOWN, str)
    assert isinstance(rpc._special_sig_key, str)
    assert isinstance(rpc._special_secret_sig, str)


def test_the_requests_carry_what_is_read_from_them():
    fields = resource_pb2.RegisterResourceRequest.DESCRIPTOR.fields_by_name
    used = (
        "type name parent custom object protect provider dependencies propertyDependencies ignoreChanges aliases "
        "additionalSecretOutputs retainOnDelete sourcePosition hooks importId"
    )
    assert set(used.split()) <= set(fields)
    assert "result" in resource_pb2.RegisterResourceResponse.DESCRIPTOR.fields_by_name
