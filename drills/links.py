"""Connections between two tiers in a drill: TCP proxies that can be slowed down or cut while both ends run."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Generator
from concurrent.futures import Future
from typing import Any

CHUNK = 1 << 16  # bytes


class Link:
    """A TCP proxy from one address to another. Other threads may set only `delay` and `whole`."""

    def __init__(self, target: str) -> None:
        self.target = target
        self.delay = 0.0
        """Seconds that each chunk of bytes to the target waits."""
        self.whole = asyncio.Event()
        """While it is not set, no bytes pass. Connections are neither closed nor refused, as if packets were lost."""
        self.whole.set()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.listener.setblocking(False)

    async def serve(self) -> None:
        """Accept connections until the task is cancelled."""
        loop, passing = asyncio.get_running_loop(), set[asyncio.Task[None]]()
        while True:
            await self.whole.wait()
            near, _ = await loop.sock_accept(self.listener)
            task = loop.create_task(self._carry(near))
            passing.add(task)
            task.add_done_callback(passing.discard)

    async def _carry(self, near: socket.socket) -> None:
        host, _, port = self.target.rpartition(":")
        with contextlib.suppress(OSError):
            await self.whole.wait()
            there, away = await asyncio.open_connection(host, int(port))
            here, back = await asyncio.open_connection(sock=near)
            ways = [asyncio.ensure_future(way) for way in (self._pump(here, away, slow=True), self._pump(there, back))]
            _, pending = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for way in pending:
                way.cancel()
            for writer in (away, back):
                writer.close()
        near.close()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, slow: bool = False) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(CHUNK):
                if slow and self.delay:
                    await asyncio.sleep(self.delay)
                await self.whole.wait()
                writer.write(data)
                await writer.drain()


class Links:
    """All links of one drill, by name, on their own thread. A LaptopCloud gets `between` as its `link`."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._links: dict[str, Link] = {}
        self._serving: list[asyncio.Task[None]] = []
        self._thread = threading.Thread(target=self._loop.run_forever, name="links", daemon=True)
        self._thread.start()

    def between(self, name: str, address: str) -> str:
        """Make a link to `address`, or change the target of the link of this name. Returns the link's address."""
        return self._in_loop(self._make(name, address)).result()

    @contextlib.contextmanager
    def cut(self, *names: str) -> Generator[None]:
        """Let no bytes pass inside the context, on links whose name starts with one of `names`."""
        found = self._named(names)
        self._loop.call_soon_threadsafe(lambda: [link.whole.clear() for link in found])
        try:
            yield
        finally:
            self._loop.call_soon_threadsafe(lambda: [link.whole.set() for link in found])

    @contextlib.contextmanager
    def slow(self, delay: float, *names: str) -> Generator[None]:
        """Let each request wait `delay` seconds inside the context, on links whose name starts with one of `names`."""
        found = self._named(names)
        for link in found:
            link.delay = delay
        try:
            yield
        finally:
            for link in found:
                link.delay = 0.0

    def stop(self) -> None:
        """Close all links and end their thread."""

        async def end() -> None:
            for task in asyncio.all_tasks() - {asyncio.current_task()}:
                task.cancel()
            self._loop.call_soon(self._loop.stop)

        asyncio.run_coroutine_threadsafe(end(), self._loop)
        self._thread.join()

    def _named(self, names: tuple[str, ...]) -> list[Link]:
        return [link for name, link in list(self._links.items()) if name.startswith(names)]

    async def _make(self, name: str, address: str) -> str:
        if name not in self._links:
            self._links[name] = Link(address)
            self._serving.append(self._loop.create_task(self._links[name].serve()))
        link = self._links[name]
        link.target = address
        return f"127.0.0.1:{link.listener.getsockname()[1]}"

    def _in_loop(self, coroutine: Any) -> "Future[str]":
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop)
