"""`python -m smoke_tests`: make a slide, run the checks, sweep up what killed runs left."""

from __future__ import annotations

import sys

from smoke_tests.cli import main

sys.exit(main())
