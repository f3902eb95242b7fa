"""`python -m tests.decoding` decodes every fixture with the pinned engine in Chromium and writes R07's table anew."""

from __future__ import annotations

import json
import sys

from playwright.sync_api import sync_playwright

from ops.viewer.screenshot import CHROMIUM_FLAGS
from tests import needs
from tests.decoding import table
from tests.decoding.between import write_engine_checks
from tests.decoding.engine import engine
from tests.decoding.fixtures import fixtures


def main() -> int:
    tried = fixtures()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=needs.chromium(), args=CHROMIUM_FLAGS)
        with engine(browser, needs.viewer_packages()) as decoder:
            rows = {one.name: table.row(one, decoder.decode(one)) for one in tried}
        browser.close()
    table.TABLE.write_text(table.written_evidence(table.evidence(rows)))
    judged = [rows[one.name] for one in tried if not table.of_another_precision(one)]
    write_engine_checks(needs.viewer_packages())
    text = table.RULES.read_text()
    table.RULES.write_text(table.written_rules(text, table.codestreams(json.loads(text)["codestreams"], judged)))
    print(f"{len(rows)} frames decoded by {table.engine_version()}: {table.TABLE.name}, {table.RULES.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
