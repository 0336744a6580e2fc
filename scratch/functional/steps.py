"""Steps of a computation that wait for one another; those that do not go side by side.

One large operation, parted between threads, has them start, meet and fetch from each other's caches
what they computed. Two operations that need nothing of each other, a thread for each, do without:
an inception block's branches side by side take 38 ms where one after the other they take 43.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Sequence

from scratch.functional.threads import in_threads, thread_count


def run_steps(work: Callable[[int], None], waits_for: Sequence[Collection[int]]) -> None:
    """Call work(0), work(1) and so on, each when the steps that it waits for are done.

    Of the steps that are ready that one comes first behind which most are still to come. One that
    is ready alone, with none under way, has all threads for itself.

    Args:
        work: Must be right in any order, and side by side, as far as `waits_for` lets it.
        waits_for: For each step some of those with lower numbers.

    Raises:
        Exception: Whatever `work` raised; steps that had not begun do not.
    """
    if thread_count() == 1 or _is_chain(waits_for):
        for step in range(len(waits_for)):
            work(step)
        return
    steps = _Steps(work, waits_for)
    while steps.ready:
        if len(steps.ready) == 1:
            steps.run_next()
        else:
            in_threads(lambda _: steps.take_turns(), range(thread_count()))


class _Steps:
    """The steps that are ready, and what becomes ready when they are done."""

    def __init__(self, work: Callable[[int], None], waits_for: Sequence[Collection[int]]) -> None:
        self.work = work
        self.missing = [len(set(before)) for before in waits_for]
        self.followers: list[list[int]] = [[] for _ in waits_for]
        for step, before in enumerate(waits_for):
            for earlier in set(before):
                self.followers[earlier].append(step)
        self.to_come = [0] * len(waits_for)
        for step in reversed(range(len(waits_for))):
            self.to_come[step] = 1 + max((self.to_come[s] for s in self.followers[step]), default=0)
        self.ready = [step for step, count in enumerate(self.missing) if not count]
        self.under_way = 0
        self.failed = False
        self.changed = threading.Condition()

    def run_next(self) -> None:
        """Run the step that most are waiting for."""
        with self.changed:
            step = self._taken()
        self._run(step)

    def take_turns(self) -> None:
        """In each of several threads: run steps until at most one is ready, and none under way."""
        while True:
            with self.changed:
                try:
                    while self.under_way and not self.ready:
                        self.changed.wait()
                except BaseException:  # Ctrl-C: the other threads shall not go on either
                    self.failed = True
                    raise
                if self.failed or len(self.ready) + self.under_way < 2:
                    return
                step = self._taken()
            self._run(step)

    def _taken(self) -> int:
        step = max(self.ready, key=lambda step: (self.to_come[step], -step))
        self.ready.remove(step)
        self.under_way += 1
        return step

    def _run(self, step: int) -> None:
        done = False
        try:
            self.work(step)
            done = True
        finally:
            with self.changed:
                self.under_way -= 1
                self.failed |= not done
                for follower in self.followers[step] if done else ():
                    self.missing[follower] -= 1
                    if not self.missing[follower]:
                        self.ready.append(follower)
                self.changed.notify_all()


def _is_chain(waits_for: Sequence[Collection[int]]) -> bool:
    """Whether each step waits for the one before it."""
    return all(step - 1 in before for step, before in enumerate(waits_for) if step)
