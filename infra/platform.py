"""One deployment: which components there are and who gets what from whom. Google's details are in the components.

Owns: the order, and what is not declared yet on a first `pulumi up`: without an image no job, without a GitHub token
no delivery, without a sign-in client no viewer configuration. `infra.next_steps` says what to do about each.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi

from components.delivery import Delivery
from components.event_probe import EventProbe
from components.federation import Federation
from components.imaging_archive import ImagingArchive
from components.secret_vault import SecretVault
from infra.archive import VIEWER, build_archive, build_event_probe, build_export, dicomweb_roots
from infra.delivery import build_delivery, build_delivery_records, build_federation
from infra.foundation import Foundation, build_vault, lay
from infra.job import Preparing, build_preparing, build_registry
from infra.monitoring import build_watching
from infra.propagation import wait_for_google
from infra.settings import Settings
from infra.viewer import Viewing, build_viewer_config, build_viewing


@dataclass(frozen=True, kw_only=True)
class Platform:
    base: Foundation
    archive: ImagingArchive
    probe: EventProbe
    dicomweb_roots: Mapping[str, pulumi.Output[str]]
    vault: SecretVault
    viewing: Viewing
    window_config: pulumi.Output[dict[str, Any]] | None
    preparing: Preparing
    delivery: Delivery | None
    federation: Federation | None


def build(settings: Settings) -> Platform:
    """Declares everything that can be declared with these settings."""
    wait_for_google()
    base = lay(settings)
    probe = build_event_probe(base)
    archive = build_archive(base, probe)
    roots = dicomweb_roots(base, archive)
    vault = build_vault(base)
    registry = build_registry(base)
    viewing = build_viewing(base, registry.address)
    preparing = build_preparing(base, registry, archive, roots, viewing.url or "")
    build_delivery_records(base)
    build_export(base, archive)
    build_watching(base, archive, preparing, viewing)
    return Platform(
        base=base,
        archive=archive,
        probe=probe,
        dicomweb_roots=roots,
        vault=vault,
        viewing=viewing,
        window_config=build_viewer_config(base, roots[VIEWER], vault),
        preparing=preparing,
        delivery=build_delivery(base, vault, registry.address),
        federation=build_federation(base),
    )
