"""`python -m infra doctor|bootstrap`: commands for people around a deployment; the program itself never gets here."""

import sys

from operate.__main__ import main

sys.exit(main())
