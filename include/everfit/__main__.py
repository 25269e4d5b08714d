"""`python -m everfit`."""

import sys

from everfit.cli import main

sys.exit(main())
