"""Every exception of the engine, and when to raise which.

    MedqError                 anything a user can mend; the message says what was given, what is allowed, where it came from, what to do
    ├── ConfigError           a key, level, unit, path or plan is wrong: raised before work starts (exit 2)
    │   └── PlanMismatch      a folder holds another plan than the one asked for (exit 2)
    ├── SourceError           an input file cannot be used: listed in the summary, the others go on (exit 1)
    ├── DeclarationError      a recipe contradicts itself: raised when it is declared or discovered
    ├── SampleError           one sample failed: becomes a failure row, the run goes on (exit 1)
    └── StoreError            a store is damaged, locked or not a store

physics raises ValueError and EditConflict only.
"""

from __future__ import annotations


class MedqError(Exception):
    """Anything that a user of the tool can mend."""


class ConfigError(MedqError):
    """A key, level, unit, path or plan is wrong; nothing was started."""


class PlanMismatch(ConfigError):
    """The folder holds the shards of another plan; the message names the difference."""


class SourceError(MedqError):
    """An input cannot be used.

    file : what was read. field : the part of it that is at fault ("PixelSpacing", "header", "size"). problem : what was found.
    remedy : what the user can do.
    """

    def __init__(self, file: str, field: str, problem: str, remedy: str) -> None:
        super().__init__(file, field, problem, remedy)
        self.file, self.field, self.problem, self.remedy = file, field, problem, remedy

    def __str__(self) -> str:
        return f"{self.file}: {self.field}: {self.problem}. {self.remedy}"


class DeclarationError(MedqError):
    """A recipe, attribute or vocabulary contradicts itself."""


class SampleError(MedqError):
    """One sample cannot be made."""


class StoreError(MedqError):
    """A store is damaged, locked by another run, or not a store."""
