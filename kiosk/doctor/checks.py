"""Runs checks side by side: none can hang the others, and none can crash them."""

import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass

from drivers.contracts.deadline import Deadline
from kiosk.doctor.report import Finding, failed

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Check:
    """Something to look at.

    Attributes:
        key: what, for programs; the key of the finding when the check itself fails.
        title: what, for people.
        look: looks, and says what was found.
        deadline_s: seconds after which it is given up.
    """

    key: str
    title: str
    look: Callable[[], Iterable[Finding]]
    deadline_s: float = 10.0


def carry_out(checks: Sequence[Check]) -> tuple[Finding, ...]:
    """Carry all checks out at the same time; what they found, in their order."""
    begun = [(check, Deadline.after(check.deadline_s), _begin(check)) for check in checks]
    return tuple(finding for check, deadline, future in begun for finding in _await(check, deadline, future))


def _begin(check: Check) -> "Future[tuple[Finding, ...]]":
    """Look in a thread that nobody has to wait for: one that hangs must not keep the program from ending."""
    future: Future[tuple[Finding, ...]] = Future()

    def look() -> None:
        try:
            future.set_result(tuple(check.look()))
        except Exception as error:
            _LOG.debug("check %s failed", check.key, exc_info=True)
            future.set_exception(error)

    threading.Thread(target=look, name=f"check-{check.key}", daemon=True).start()
    return future


def _await(check: Check, deadline: Deadline, future: "Future[tuple[Finding, ...]]") -> tuple[Finding, ...]:
    try:
        return future.result(deadline.remaining())
    except FutureTimeoutError:
        seen = f"检查了 {check.deadline_s:g} 秒仍没有结果"
        return (failed(check.key, check.title, seen, "请重新启动本机后再检查一次；仍不行请联系县里。"),)
    except Exception as error:
        detail = f"{type(error).__name__}: {error}"
        return (failed(check.key, check.title, f"检查没有完成（{detail}）", "请把这一行告诉县里运维人员。"),)
