"""The image that the study job runs, always known by its digest.

Owns: which digest that is, and, when this machine's Docker builds it, the build and push (as whoever
`gcloud auth configure-docker` made Docker sign in). Deliberately not: builds
in Cloud Build (`Delivery`) or elsewhere, whose digest is given. So an image has one owner at a time: either a folder
is built here or a digest is handed in, never both.

Traps: a tag says nothing about what runs, so only `reference` is used. Tags are immutable in the registry, so the
one pushed here is made of the folder's content and the base: another of these is another tag, the same are nothing
to do.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import pulumi

TYPE = "dicom-platform:components:JobImage"


@dataclass(frozen=True, kw_only=True)
class JobImageArgs:
    image: pulumi.Input[str]
    """Name without tag or digest: `LOCATION-docker.pkg.dev/PROJECT/REPOSITORY/NAME`."""
    digest: str | None = None
    """`sha256:…` of an image built elsewhere."""
    context: str | None = None
    """Folder with a Dockerfile to build here and now, in place of `digest`."""
    base: str | None = None
    """Image by digest that the Dockerfile of `context` gets as BASE."""


class JobImage(pulumi.ComponentResource):
    """`reference` (`NAME@sha256:…`) and `digest`; both None as long as no image exists yet."""

    reference: pulumi.Output[str] | None
    digest: pulumi.Output[str] | None

    def __init__(self, name: str, args: JobImageArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        if args.digest and args.context:
            raise ValueError(f"{name}: give either a digest or a folder to build, not both; one image has one owner")
        if args.context and not args.base:
            raise ValueError(f"{name}: a folder is built on a base by digest; give base beside context")
        super().__init__(TYPE, name, {"image": args.image}, opts)
        self.reference = self.digest = None
        if args.context and args.base:
            import pulumi_docker as docker  # takes as long as all of our own modules, and most stacks build nothing

            built = docker.Image(
                f"{name}-build",
                image_name=pulumi.Output.format("{0}:{1}", args.image, content_tag(Path(args.context), args.base)),
                build={"context": args.context, "platform": "linux/amd64", "args": {"BASE": args.base}},
                build_on_preview=False,
                opts=pulumi.ResourceOptions(parent=self),
            )
            self.reference = built.repo_digest
            self.digest = built.repo_digest.apply(lambda reference: reference.partition("@")[2])
        elif args.digest:
            self.reference = pulumi.Output.format("{0}@{1}", args.image, args.digest)
            self.digest = pulumi.Output.from_input(args.digest)
        self.register_outputs({"image": args.image, "reference": self.reference})


def source_files(folder: Path) -> list[Path]:
    """What an image is built from, in order, without what Python leaves beside it."""
    return sorted(path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)


def content_tag(folder: Path, base: str) -> str:
    """`src-` and 16 hexadecimal digits that change with `base` and any file's path or content, but not with its time.

    ValueError when there is nothing to build in the folder.
    """
    digest = hashlib.sha256(f"{base}\n".encode())
    if not (folder / "Dockerfile").is_file():
        raise ValueError(f"{folder} has no Dockerfile to build the image from; give the folder that has one")
    for path in source_files(folder):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        digest.update(f"{path.relative_to(folder).as_posix()} {content}\n".encode())
    return f"src-{digest.hexdigest()[:16]}"
