"""The errors of the program, one tree.

    DigestError                 1  every error that is ours: a message, and what to do next
    ├── UsageError              2  wrong usage, settings or input; nothing was spent
    │   ├── InputError          2  a file or a line that is none of the formats
    │   ├── SettingsError       2  digest.toml, an option or the environment
    │   ├── PromptError         2  a prompt that is missing, invalid, or released and then changed
    │   └── CacheError          2  the cache folder cannot be used
    ├── FetchError              1  arXiv did not give what was asked
    ├── OutputError             1  a digest could not be written
    ├── UnkeptError             1  replies could not be written into the cache
    └── ModelError              1  the language model
        ├── FatalModelError     1  no further call can succeed: a refused key, an unknown model
        │   ├── BudgetError     4  what may be spent is spent
        │   └── UncappedError   2  no budget can be kept at this endpoint
        └── CallError           1  one call failed; carries a reason of the failure vocabulary

The number is the exit code of a command that one of them ends with nothing made. The core raises them; only
``pipeline.cli`` prints them and exits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Self

from pipeline.exits import Exit

if TYPE_CHECKING:
    from pipeline.records import Account


class DigestError(Exception):
    """An error of the program: what happened, naming the file, paper or endpoint, and what to do next."""

    exit: ClassVar[Exit] = Exit.FAILED
    """How a command ends that made nothing because of it."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        """What the reader can do now; empty where the message says it."""


class UsageError(DigestError):
    """Wrong usage, settings or input, found before anything was spent."""

    exit = Exit.USAGE


class InputError(UsageError):
    """An input file or line that cannot be read as papers."""


class SettingsError(UsageError):
    """A setting that is unknown, out of range or missing."""


class PromptError(UsageError):
    """A prompt that is missing, invalid, or released and then changed."""


class CacheError(UsageError):
    """The cache folder cannot be used."""


class FetchError(DigestError):
    """arXiv, or a feed of it, did not give what was asked."""


class OutputError(DigestError):
    """A digest or report could not be written."""


class UnkeptError(DigestError):
    """Accepted replies could not be written into the cache."""


class ModelError(DigestError):
    """A language model did not answer."""

    _account: Account | None = None

    @property
    def account(self) -> Account:
        """What was asked in vain."""
        from pipeline.records import NOTHING_ASKED  # noqa: PLC0415 (brings pydantic, which --help does without)

        return self._account or NOTHING_ASKED

    def charged(self, account: Account) -> Self:
        """Return a copy that carries what one ask took: several asks may meet the very same error."""
        own = self.__class__.__new__(self.__class__, *self.args)
        own.__dict__.update(self.__dict__, _account=account)
        return own


class FatalModelError(ModelError):
    """The endpoint's answer means that no further call can succeed."""


class BudgetError(FatalModelError):
    """The next call could cost more than is left of the budget."""

    exit = Exit.BUDGET


class UncappedError(FatalModelError):
    """No budget can be kept: the endpoint takes no cap on the length of a reply."""

    exit = Exit.USAGE

    def __init__(self, host: str) -> None:
        super().__init__(
            f"{host} does not let the length of a reply be capped, so no budget can be kept",
            hint="Leave --budget out, or choose another endpoint.",
        )


class CallError(ModelError):
    """One call failed for good; ``reason`` is a word of the failure vocabulary."""

    def __init__(self, reason: str, message: str, *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.reason = reason
