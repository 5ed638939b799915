"""The bus and the directory of a server that is alone: this process is the whole cluster."""

from __future__ import annotations

from collections.abc import Callable


class LocalBus:
    """Hands payloads to the subscribers in this process, at once."""

    def __init__(self) -> None:
        self._subscribers: dict[str, list[Callable[[bytes], None]]] = {}

    def publish(self, subject: str, payload: bytes) -> None:
        for do in tuple(self._subscribers.get(subject, ())):
            do(payload)

    def subscribe(self, subject: str, do: Callable[[bytes], None]) -> Callable[[], None]:
        self._subscribers.setdefault(subject, []).append(do)

        def end() -> None:
            remaining = self._subscribers.get(subject, [])
            if do in remaining:
                remaining.remove(do)
            if not remaining:
                self._subscribers.pop(subject, None)

        return end


class LocalDirectory:
    """Knows only its own node."""

    def __init__(self, node: str = "local") -> None:
        self._node = frozenset((node,))
        self._held: dict[str, int] = {}

    def claim(self, account: str, resource: str) -> None:
        self._held[account] = self._held.get(account, 0) + 1

    def release(self, account: str, resource: str) -> None:
        left = self._held.get(account, 0) - 1
        if left > 0:
            self._held[account] = left
        else:
            self._held.pop(account, None)

    def nodes_of(self, account: str) -> frozenset[str]:
        return self._node if account in self._held else frozenset()
