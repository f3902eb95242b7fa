"""`serve`: the empty local cloud alone, for the Pulumi CLI or any client of Google's APIs."""

from __future__ import annotations

import argparse
import shlex
import sys
from pathlib import Path

from localcloud.server import PortTaken
from ops.local.ending import wait_for_the_end
from ops.local.pointing import project_of, write_config
from ops.local.session import CloudOptions, as_project, session

JOB = Path("jobs/prepare")
"""Source of the study job's image, registered at the start so that a stack can name its digest."""


def serve(options: argparse.Namespace) -> int:
    try:
        chosen: CloudOptions = {
            **as_project(new=options.new_project),
            "project": options.project,
            "duplicates": options.duplicates,
            "request_seconds": options.request_seconds,
        }
        with session(port=options.port, data=options.data, settings=chosen) as parts:
            cloud = parts.cloud
            settings: dict[str, str] = {}
            if JOB.is_dir():
                settings["dicom-platform:jobImageDigest"] = parts.registry.seed(JOB)
            if options.write_config:
                template = Path("Pulumi.local.yaml")
                write_config(options.write_config, template, cloud.base, settings)
                print(f"wrote {options.write_config}: its endpoints are this local cloud", flush=True)
                if (named := project_of(options.write_config)) != options.project:
                    print(f"but its gcp:project is {named}: the only project here is {options.project}", flush=True)
            for key, value in settings.items():
                print(f"{key} {value}", flush=True)
            print(f"local cloud on {cloud.base}", flush=True)
            env = f'eval "$({shlex.quote(sys.executable)} -m ops env)"'
            print(f"in another terminal: {env}; here Ctrl-C ends it", flush=True)
            wait_for_the_end()
    except (PortTaken, ValueError, OSError) as error:
        print(f"serve: {error}", file=sys.stderr)
        return 2
    return 0
