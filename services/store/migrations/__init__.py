"""The schema as numbered SQL files, applied in order and never changed once released."""

from dataclasses import dataclass
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Migration:
    """One step of the schema.

    Attributes:
        number: the schema's version after the step, from 1 without gaps.
        sql: the statements of the step, run in one transaction.
    """

    number: int
    sql: str


def _load() -> tuple[Migration, ...]:
    scripts = sorted(entry.name for entry in files(__name__).iterdir() if entry.name.endswith(".sql"))
    numbers = [int(name.split("_", 1)[0]) for name in scripts]
    if numbers != list(range(1, len(numbers) + 1)):
        raise RuntimeError(f"migrations are not numbered 1 to {len(numbers)}: {scripts}")
    return tuple(
        Migration(number, files(__name__).joinpath(name).read_text(encoding="utf-8"))
        for number, name in zip(numbers, scripts, strict=True)
    )


MIGRATIONS = _load()
