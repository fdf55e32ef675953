"""The workbench of the simulated hardware: a fingerprint module, a receipt printer and a page to handle them with.

::

    python -m simulators --folder var/hardware

The page is for people, its JSON for programs (see ``simulators.console.api``).
"""
