"""The page server lets go of everything when it cannot have its port."""

import gc
import socket
import warnings

import pytest
from flask import Flask

from services.pages import PageServer


def test_a_port_that_is_taken_leaves_nothing_open() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, warnings.catch_warnings(record=True) as leaks:
        warnings.simplefilter("always", ResourceWarning)
        with pytest.raises(OSError, match="in use"):
            PageServer(Flask("empty"), "127.0.0.1", taken.getsockname()[1])
        gc.collect()
    assert leaks == []
