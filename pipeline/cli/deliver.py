"""``deliver``: send written digests to e-mail and chat services."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from pipeline.archive import Archive, page_address
from pipeline.cli import screen
from pipeline.cli.environment import now, settings_for
from pipeline.cli.options import Given
from pipeline.cli.pick import written_date, written_name
from pipeline.errors import SettingsError, UsageError
from pipeline.exits import Exit
from pipeline.settings import Settings
from pipeline.store.memory import Memory

if TYPE_CHECKING:
    from pipeline.deliver import Address, Delivery

NO_ADDRESS_HINT = """\
Name one or more, separated by blanks or commas:
  e-mail:     export ARXIV_DIGEST_DELIVER='mailtos://user:password@example.com?to=me@example.com'
  a webhook:  export ARXIV_DIGEST_DELIVER='jsons://example.com/hook'
  others:     https://appriseit.com/services/"""


_WORDS = {"delivered": "delivered to", "already": "was delivered before to", "failed": "NOT delivered to"}


def deliver_command(given: Given, name: str | None, date: str | None) -> Exit:
    """Send what each address has not had yet; say what became of each, without showing an address."""
    settings = settings_for(given)
    archive = Archive(settings.output)
    days = [(digest, written_date(archive, digest, date)) for digest in _digests(archive, settings, name)]
    to, failed = addresses_of(settings), False
    if not to:
        raise SettingsError("no address: ARXIV_DIGEST_DELIVER is not set", hint=NO_ADDRESS_HINT)
    from pipeline.deliver import Outbox, deliver

    with Memory(settings.cache, warn=screen.warn) as memory:
        for digest, day in days:
            outbox = Outbox(memory.deliveries, now, page_address(settings.site_url, digest, day))
            for delivery in deliver(archive.day(digest, day), archive.report(digest, day), to, outbox):
                failed = failed or delivery.outcome == "failed"
                _say(f"{digest} {day}", delivery)
    return Exit.FAILED if failed else Exit.COMPLETE


def addresses_of(settings: Settings) -> tuple[Address, ...]:
    """Return where digests are delivered to; empty where no address is named.

    Raises:
        SettingsError: one of them is no address, or the extra that knows is not there or cannot be imported.
    """
    named = settings.deliver.get_secret_value() if settings.deliver else ""
    if not named.strip():
        return ()
    try:
        from pipeline.deliver import addresses
    except ImportError as error:
        hint = "pip install 'arxiv-digest[deliver]'"
        raise SettingsError("deliver needs apprise, which is not installed", hint=hint) from error
    return addresses(named)


def _digests(archive: Archive, settings: Settings, name: str | None) -> tuple[str, ...]:
    """Return the digest that is named; where none is, the sections of digest.toml that have been made."""
    if name is not None or not settings.digests:
        return (written_name(archive, settings, name),)
    made = archive.names()
    if sections := tuple(section for section in settings.digests if section in made):
        return sections
    raise UsageError(
        f"{archive.output}: no section of digest.toml has a digest", hint="Run 'arxiv-digest run', or name one."
    )


def _say(digest: str, delivery: Delivery) -> None:
    why = f": {delivery.why}" if delivery.why else ""
    to = sys.stderr if delivery.outcome == "failed" else sys.stdout
    screen.say(f"{digest}: {_WORDS[delivery.outcome]} {delivery.address}{why}", to=to)
