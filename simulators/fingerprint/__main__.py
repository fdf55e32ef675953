"""Run one simulated fingerprint module."""

import sys

from simulators.fingerprint.cli import main

sys.exit(main())
