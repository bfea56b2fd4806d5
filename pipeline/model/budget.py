"""A hard cap on what a run may cost: each call reserves its worst case before it leaves and settles after."""

from __future__ import annotations

import asyncio

from pipeline.errors import BudgetError


class Budget:
    """US dollars that may be spent; reservations plus settled cost never pass the cap."""

    def __init__(self, cap: float) -> None:
        self.cap = cap
        self.spent = 0.0
        self.reserved = 0.0
        self._open = 0
        self._changed = asyncio.Condition()

    async def reserve(self, worst: float) -> None:
        """Set aside the worst case of a call, waiting for other calls to settle where that may help.

        Raises:
            BudgetError: what is left is not enough for this call.
        """
        async with self._changed:
            while self.spent + self.reserved + worst > self.cap:
                if self.spent + worst > self.cap or not self._open:
                    raise BudgetError(
                        f"the budget of ${self.cap:g} ends here: ${self.spent:.4f} spent, a call may cost ${worst:.4f}",
                        hint="What was paid for is kept. Raise --budget and run the same command again to go on.",
                    )
                await self._changed.wait()
            self.reserved += worst
            self._open += 1

    async def settle(self, worst: float, cost: float) -> None:
        """Replace a reservation by what the call really cost."""
        async with self._changed:
            self._open -= 1
            # What rounding leaves of a sum must not outlive its last part: nobody would ever wake who waits for it.
            self.reserved = max(0.0, self.reserved - worst) if self._open else 0.0
            self.spent += cost
            self._changed.notify_all()
