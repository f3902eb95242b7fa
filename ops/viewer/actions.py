"""What each command of `python -m ops viewer` does and prints; a refusal is raised as a sentence."""

from __future__ import annotations

import argparse
import datetime
import json
import re
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from ops.client.outputs import ViewerOutputs, read_outputs, require
from ops.client.tokens import token_source
from ops.viewer import cloud_run
from ops.viewer.hosting import HostingApi
from ops.viewer.pin import pin_release, run_suite
from ops.viewer.release import CONFIG_LABEL, REF, differences, labels
from ops.viewer.release import release as make_live
from ops.viewer.release import rollback as make_previous_live
from ops.viewer.target import ReleaseTarget, TargetError, read
from ops.viewer.verify import faults
from viewer import capabilities, slim_archive, slim_pin
from viewer.application import SlimSource, assemble
from viewer.build import FileSet
from viewer.packages import PackagesRefused
from viewer.slim_pin import SlimError

DAY = 86_400
_TTL = re.compile(r"(\d+)([hd])")


class Unverified(Exception):
    """The release is live, but the site does not answer as it should."""


def write(chosen: argparse.Namespace) -> None:
    target = read(read_outputs(chosen.outputs), chosen.site)
    files, firebase = assemble_release(target, chosen)
    files.write(chosen.out / "public")
    hosting = {"hosting": {**firebase, "public": "public"}}
    (chosen.out / "firebase.json").write_text(json.dumps(hosting, indent=2) + "\n")
    print(f"{len(files.files)} files in {chosen.out}/public, served as {chosen.out}/firebase.json says")


def release(chosen: argparse.Namespace) -> None:
    """Also what `make up` calls."""
    outputs = read_outputs(chosen.outputs)
    if (chosen.host or require(outputs, ViewerOutputs).viewer_host) == "cloud_run":
        write_image(chosen, outputs)
        return
    # A channel's host is new, so nobody can sign in there: it shows headers, and never a store with people in it.
    target = read(outputs, "preview" if chosen.channel else chosen.site)
    lifetime = seconds(chosen.ttl)
    files, firebase = assemble_release(target, chosen)
    api = hosting(chosen, target, chosen.channel)
    url = api.open_channel(lifetime).rstrip("/") if chosen.channel else target.url
    with bar("files") as report:
        done = make_live(api, files, firebase, progress=report)
    if problems := faults(url, files, target.config, firebase):
        raise Unverified(f"{url} does not serve what was released: {'; '.join(problems)}")
    how = f"released, {done.uploaded} of {done.total} files uploaded" if done.changed else "already live, nothing to do"
    note = f" (for {chosen.ttl}; for header checks only, nobody can sign in there)" if chosen.channel else ""
    print(f"viewer {url}: {how}; site checked{note}")


def write_image(chosen: argparse.Namespace, outputs: Mapping[str, Any]) -> None:
    if chosen.channel or chosen.site == "preview":
        raise TargetError("there are no previews on Cloud Run: they belong to Firebase Hosting and synthetic images")
    target = cloud_run.read_service(outputs)
    with bar("bytes of SLIM's archive") as report:
        files, firebase = assemble(
            target.app,
            target.config,
            slim_source(chosen),
            guarded=target.guarded,
            status_root=target.status_root,
            progress=report,
        )
    commands = cloud_run.by_hand(target, cloud_run.context(files, firebase, chosen.base), chosen.out)
    print(f"{chosen.out} holds {len(files.files)} files of {files.ref}. Nothing is live yet; next:")
    print("\n".join(f"  {command}" for command in commands))


def status(chosen: argparse.Namespace) -> None:
    target = read(read_outputs(chosen.outputs), chosen.site)
    live = hosting(chosen, target).live()
    if live is None or "version" not in live:
        print(f"{target.site}: nothing released yet")
        return
    version = live["version"]
    deployed: dict[str, str] = version.get("labels", {})
    who = live.get("releaseUser", {}).get("email", "somebody")
    print(f"{target.url} serves {version['name']} ({live['type']} by {who}, {live['releaseTime']})")
    print(f"ref {deployed.get(REF, 'unknown')}, configuration {deployed.get(CONFIG_LABEL, 'unknown')}")
    try:
        ours = labels(*assemble_release(target, chosen, guarded=False))
    except (SlimError, PackagesRefused) as error:
        print(f"whether this checkout would release the same cannot be told: {error}")
        return
    differing = differences(deployed, ours)
    same = "this checkout would release the same"
    print(f"this checkout would release something else: {'; '.join(differing)}" if differing else same)


def rollback(chosen: argparse.Namespace) -> None:
    target = read(read_outputs(chosen.outputs), chosen.site)
    print(f"{target.url} serves {make_previous_live(hosting(chosen, target))} again")


def pin(chosen: argparse.Namespace) -> None:
    """Without an archive at hand, from GitHub; else copies the archive to where a release looks for it."""
    if not chosen.archive and not chosen.commit:
        pinned, entry = pin_release(chosen.tag, SlimSource(), run_suite, print)
        column = dict.fromkeys(entry["can"], "") | entry["cannot"]
        capabilities.write_column("slim", f"SLIM {pinned.tag}", column)
        return
    fields = {field: getattr(chosen, field) for field in ("tag", "commit") if getattr(chosen, field)}
    if chosen.archive:
        if not chosen.archive.is_file():
            raise SlimError(f"{chosen.archive} does not exist; get it from SLIM's release page")
        fields["sha256"] = slim_archive.keep(chosen.archive, SlimSource().cache)
    slim_pin.write_pin(slim_pin.PIN, **fields)
    print("\n".join(f"{field} = {value}" for field, value in fields.items()))


def record_pass(chosen: argparse.Namespace) -> None:
    pinned = slim_pin.read_pin()
    when = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    entry = slim_pin.record_pass(pinned, chosen.junit, when)
    lacks = f"; it cannot: {', '.join(entry['cannot'])}" if entry["cannot"] else ""
    ran = f"{entry['tests']} tests, {entry['lines']} lines of the suite"
    print(f"{pinned.ref}: a pass of {ran} is recorded{lacks}; commit viewer/slim/passes.json")


def record_capabilities(chosen: argparse.Namespace) -> None:
    report = capabilities.read_report(chosen.junit)
    tested = " ".join(capabilities.properties(report, capabilities.BUILD))
    names = {"slim": chosen.build or f"SLIM {tested.partition(' ')[0][:24]}", "lite": "lite page"}
    for viewer, build in names.items():
        if column := capabilities.column(report, viewer):
            capabilities.write_column(viewer, build, column, capabilities.LIST)
            print(f"{build}: {len(column)} lines, {sum(map(bool, column.values()))} that it cannot; run: make docs")


def slim_source(chosen: argparse.Namespace) -> SlimSource:
    return SlimSource(archive=chosen.archive)


def assemble_release(
    target: ReleaseTarget, chosen: argparse.Namespace, *, guarded: bool | None = None
) -> tuple[FileSet, dict[str, Any]]:
    needs_pass = target.guarded if guarded is None else guarded
    with bar("bytes of SLIM's archive") as report:
        return assemble(
            target.app,
            target.config,
            slim_source(chosen),
            guarded=needs_pass,
            status_root=target.status_root,
            progress=report,
        )


def hosting(chosen: argparse.Namespace, target: ReleaseTarget, channel: str = "") -> HostingApi:
    token = token_source(chosen.token_command, target.releaser, target.project)
    return HostingApi(target.endpoint, target.site, token, channel=channel)


def seconds(ttl: str) -> int:
    """`7d` → 604800. Raises TargetError beyond an hour to a week."""
    match = _TTL.fullmatch(ttl)
    length = int(match[1]) * (DAY if match[2] == "d" else 3600) if match else 0
    if not 3600 <= length <= 7 * DAY:
        raise TargetError(f"--ttl {ttl!r} must be 1h to 7d, such as 12h or 3d: a preview is not a second site")
    return length


@contextmanager
def bar(what: str) -> Generator[Any]:
    """A progress bar on a terminal, nothing elsewhere; gives what to report (done, total) to."""
    console = Console(stderr=True)
    columns = (TextColumn("viewer"), BarColumn(), MofNCompleteColumn(), TextColumn(what))
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as shown:
        task = shown.add_task(what, total=None, visible=False)
        yield lambda done, total: shown.update(task, completed=done, total=total or None, visible=True)
