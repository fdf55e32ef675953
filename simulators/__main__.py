"""Run the simulated hardware of a service point, with a page to handle it."""

import sys

from simulators.console.cli import main

sys.exit(main())
