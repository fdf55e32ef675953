"""What the doctor found: stable keys for programs, plain Chinese for people."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Outcome(StrEnum):
    """How something was found."""

    OK = "ok"
    WARNING = "warning"  # works, and somebody should look at it
    FAILED = "failed"  # does not work


_MARKS: Final = {Outcome.OK: "正常", Outcome.WARNING: "注意", Outcome.FAILED: "故障"}
_EXIT_CODES: Final = {Outcome.OK: 0, Outcome.WARNING: 1, Outcome.FAILED: 2}


def _nothing() -> Mapping[str, str]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        key: what, for programs: a dotted word that stays the same in every version, such as `broker.tls`.
        title: what, for people.
        outcome: how it was found.
        seen: what was seen.
        advice: what to do; empty when nothing has to be done.
        facts: further facts for whoever asks for JSON; no secrets and no personal data.
    """

    key: str
    title: str
    outcome: Outcome
    seen: str
    advice: str = ""
    facts: Mapping[str, str] = field(default_factory=_nothing)


def ok(key: str, title: str, seen: str, **facts: str) -> Finding:
    """All is well."""
    return Finding(key, title, Outcome.OK, seen, facts=facts)


def warning(key: str, title: str, seen: str, advice: str, **facts: str) -> Finding:
    """It works, and somebody should look at it."""
    return Finding(key, title, Outcome.WARNING, seen, advice, facts)


def failed(key: str, title: str, seen: str, advice: str, **facts: str) -> Finding:
    """It does not work."""
    return Finding(key, title, Outcome.FAILED, seen, advice, facts)


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that was found, in the order in which it should be mended."""

    findings: tuple[Finding, ...]

    @property
    def outcome(self) -> Outcome:
        """The worst that was found."""
        return max((finding.outcome for finding in self.findings), key=_EXIT_CODES.__getitem__, default=Outcome.OK)

    @property
    def exit_code(self) -> int:
        """0 when all is well, 1 for warnings, 2 when something does not work."""
        return _EXIT_CODES[self.outcome]

    def json(self) -> str:
        """One JSON object for programs: `outcome` and `findings`."""
        findings = [
            {
                "key": finding.key,
                "outcome": finding.outcome,
                "title": finding.title,
                "seen": finding.seen,
                "advice": finding.advice,
                "facts": dict(finding.facts),
            }
            for finding in self.findings
        ]
        return json.dumps({"outcome": self.outcome, "findings": findings}, ensure_ascii=False, indent=2)

    def text(self) -> str:
        """Lines for people: what was seen, and under it what to do."""
        lines = []
        for finding in self.findings:
            lines.append(f"[{_MARKS[finding.outcome]}] {finding.title}：{finding.seen}")
            if finding.advice:
                lines.append(f"       怎么办：{finding.advice}")
        bad = sum(finding.outcome is Outcome.FAILED for finding in self.findings)
        doubtful = sum(finding.outcome is Outcome.WARNING for finding in self.findings)
        lines.append(f"共检查 {len(self.findings)} 项：{bad} 项故障，{doubtful} 项需要注意。")
        return "\n".join(lines)
