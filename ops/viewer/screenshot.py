"""The README's pictures: signs in to a running local stack, opens the first slide and saves what a reader sees.

With SLIM's archive at hand, a second picture: SLIM is live on the stack's site while it is taken, then what was before.

Needs Chromium and the Python package playwright (a development tool), and the stub sign-in of the local cloud.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import shutil
import sys
from collections.abc import Generator
from pathlib import Path

from PIL import Image
from playwright.sync_api import Error, sync_playwright

from ops.client.outputs import StackOutputs, read_outputs, require
from ops.client.refusal import OpsRefused
from ops.client.tokens import token_source
from ops.operate.stack_outputs import TOKEN
from ops.viewer.hosting import HostingApi
from ops.viewer.release import release, rollback
from ops.viewer.target import ReleaseTarget, read
from viewer.application import assemble_unpinned
from viewer.slim_pin import SlimError

SIZE = (1280, 800)
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
"""Chromium as root, without a screen, and asking nobody on the internet for anything. The smoke tests, which import
nothing of ours, have the same."""
PATIENCE = 60_000
"""Milliseconds for any one step."""


SETTLED = 3_000
"""Milliseconds without a word from SLIM, which does not say when it has drawn."""


def take(url: str, account: str, out: Path, chromium: str, app: str = "lite") -> None:
    """Save a PNG of the first slide of the worklist, fitted to the window."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_FLAGS)
        page = browser.new_page(viewport={"width": SIZE[0], "height": SIZE[1]}, color_scheme="light")
        page.set_default_timeout(PATIENCE)
        page.goto(url)
        page.get_by_role("link", name=account).click()
        if app == "slim":
            with page.expect_response("**/frames/*"):
                page.locator("tr.ant-table-row").first.click()
            page.wait_for_load_state("networkidle")
            page.wait_for_timeout(SETTLED)
        else:
            page.locator("tbody a").first.click()
            page.locator(".viewport[aria-busy=false]").wait_for()
        page.mouse.move(0, 0)
        picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
        browser.close()
    out.parent.mkdir(parents=True, exist_ok=True)
    # 256 colours are a third of the size, and tissue has few.
    picture.quantize(256, dither=Image.Dither.NONE).save(out, optimize=True)


@contextlib.contextmanager
def slim_live(target: ReleaseTarget, archive: Path) -> Generator[None]:
    """The site shows SLIM from `archive`, which need not be the pinned one."""
    api = HostingApi(target.endpoint, target.site, token_source(TOKEN, target.releaser, target.project))
    files, firebase = assemble_unpinned(target.config, archive)
    release(api, files, firebase)
    try:
        yield
    finally:
        rollback(api)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m ops.viewer.screenshot", description=__doc__)
    parser.add_argument("--outputs", type=Path, default=Path(".localcloud/outputs.json"), help="the stack's outputs")
    parser.add_argument("--out", type=Path, required=True, help="the folder that gets viewer.png, and slim.png")
    parser.add_argument("--slim", type=Path, help="SLIM's archive, got by hand: for slim.png")
    chosen = parser.parse_args(argv)
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if not chromium:
        print("screenshot: Chromium is not installed; run: apt-get install chromium", file=sys.stderr)
        return 1
    try:
        outputs = read_outputs(chosen.outputs)
        target, account = read(outputs), require(outputs, StackOutputs).groups.viewers[0]
        take(target.url, account, chosen.out / "viewer.png", chromium, target.app)
        if chosen.slim:
            with slim_live(target, chosen.slim):
                take(target.url, account, chosen.out / "slim.png", chromium, "slim")
    except (OpsRefused, SlimError, FileNotFoundError) as error:
        print(f"screenshot: {error}", file=sys.stderr)
        return 1
    except Error as error:
        print(f"screenshot: the viewer did not come up: {error.message.splitlines()[0]}", file=sys.stderr)
        return 1
    print(f"{chosen.out} has what {target.url} showed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
