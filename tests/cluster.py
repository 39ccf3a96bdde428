"""A cluster of separate hosts, made of network namespaces on one machine: run by hand, as root.

    python tests/cluster.py

Three hosts with addresses, file systems under /tmp and process tables of their own: one with the
page, and two with a replica of `mini` each. Two visitors have an image made, one on each node; in
the middle one node's cable is pulled. Both images must come, the same as when nothing happens, and
the page must live on. Then the cable is put back, and both come again. Exit status 1 if not.

Needs Linux, root, iproute2 and requirements-serving.txt. Nothing is left of it.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import httpx
from page_protocol import Order, Protocol, Session
from served import ROOT

NETWORK, BRIDGE = "10.77.0", "fmbridge"
PAGE, NODES = "fmpage", ("fmnode1", "fmnode2")
HOSTS = {PAGE: f"{NETWORK}.1", NODES[0]: f"{NETWORK}.2", NODES[1]: f"{NETWORK}.3"}
PORT, RAY_PORT = 7860, 6379
URL = f"http://{HOSTS[PAGE]}:{PORT}"
ADDRESS = f"{HOSTS[PAGE]}:{RAY_PORT}"
RAY = str(Path(sys.executable).parent / "ray")
# The hosts of a cluster share a token, which Ray asks for.
# A host that does not answer three times is given up; Ray's own times add up to half a minute.
# Shorter ones give up hosts that are only busy.
SETTINGS = {
    "RAY_AUTH_MODE": "token",
    "RAY_AUTH_TOKEN": secrets.token_hex(32),
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_health_check_period_ms": "2000",
    "RAY_health_check_timeout_ms": "5000",
    "RAY_health_check_failure_threshold": "3",
}
STEPS = 12
PATIENCE = 600.0


def ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True)


@contextmanager
def network() -> Iterator[None]:
    """A switch, and a cable from it to each host."""
    ip("link", "add", BRIDGE, "type", "bridge")
    try:
        ip("addr", "add", f"{NETWORK}.254/24", "dev", BRIDGE)
        ip("link", "set", BRIDGE, "up")
        for host, address in HOSTS.items():
            ip("netns", "add", host)
            ip("link", "add", host, "type", "veth", "peer", "name", "eth0", "netns", host)
            ip("link", "set", host, "master", BRIDGE, "up")
            ip("-n", host, "addr", "add", f"{address}/24", "dev", "eth0")
            ip("-n", host, "link", "set", "eth0", "up")
            ip("-n", host, "link", "set", "lo", "up")
            # Ray takes the address by which the world would be reached for its own.
            ip("-n", host, "route", "add", "default", "via", f"{NETWORK}.254")
        yield
    finally:
        for host in HOSTS:
            subprocess.run(["ip", "netns", "delete", host], check=False)
        subprocess.run(["ip", "link", "delete", BRIDGE], check=False)


class Host:
    """A host of the network, on which one command runs at a time, with all that it starts."""

    def __init__(self, name: str) -> None:
        self.name = name

    @contextmanager
    def running(self, *command: str) -> Iterator[None]:
        """Run a command until the end of the block."""
        own = 'mount -t tmpfs tmpfs /tmp; mount -t tmpfs tmpfs /dev/shm; hostname $0; exec "$@"'
        apart = ["unshare", "--mount", "--uts", "--pid", "--fork", "--mount-proc", "--kill-child"]
        process = subprocess.Popen(
            ["ip", "netns", "exec", self.name, *apart, "sh", "-c", own, self.name, *command],
            cwd=ROOT,
            env={**os.environ, **SETTINGS, "PYTHONPATH": str(ROOT)},
            start_new_session=True,
        )
        try:
            yield
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def cable(self, state: str) -> None:
        """Pull it ("down") or plug it in ("up")."""
        ip("link", "set", self.name, state)


def node(name: str) -> list[str]:
    """The command by which a host joins the cluster, again and again, as a service would."""
    own = f"--node-ip-address={HOSTS[name]} --num-cpus=1 --block"
    return ["sh", "-c", f"until {RAY} start --address={ADDRESS} {own}; do sleep 1; done"]


def page() -> list[str]:
    """The cluster's head, which makes no images, and the page beside it."""
    own = f"--node-ip-address={HOSTS[PAGE]}"
    head = f"{RAY} start --head {own} --port={RAY_PORT} --num-cpus=0 --include-dashboard=false"
    serve = f"{sys.executable} app.py --replicas 2 --host {HOSTS[PAGE]} --port {PORT} --device cpu"
    # A head that is not up within Ray's 30 s, on a busy machine, is started anew.
    start = f"until {head}; do {RAY} stop --force; sleep 1; done"
    return ["sh", "-c", f"{start}; RAY_ADDRESS={ADDRESS} exec {serve}"]


def wait_for(what: str, condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit(f"{what}: waited in vain")
        time.sleep(0.5)
    print(what, flush=True)


def is_ready() -> bool:
    try:
        return httpx.get(f"{URL}/healthz", timeout=5).json() == {"model": "ready"}
    except httpx.TransportError:
        return False


async def images(while_made: Callable[[], None]) -> list[str]:
    """Two visitors' images, made at once. while_made: called when both are under way."""
    async with httpx.AsyncClient(timeout=None) as client:
        protocol = await Protocol.learn(URL, client)
        sessions = [Session(protocol, number, STEPS) for number in range(2)]
        for session in sessions:
            await session.open()
        orders: list[Order] = [await session.begin(session.masks[0]) for session in sessions]
        for order in orders:
            await order.step(1)
        while_made()
        for order in orders:
            last = await order.end()
            assert last["kind"] == "done", last
        for session in sessions:
            await session.close()
        return [order.pixels() for order in orders]


def main() -> None:
    first, second = (Host(name).running(*node(name)) for name in NODES)
    with network(), Host(PAGE).running(*page()), first, second:
        wait_for("the page and two replicas are there", is_ready)
        expected = asyncio.run(images(lambda: print("two images at once", flush=True)))
        start = time.monotonic()
        made = asyncio.run(images(lambda: Host(NODES[1]).cable("down")))
        print(f"with a node cut off: {time.monotonic() - start:.0f} s", flush=True)
        assert made == expected, "another image came"
        assert is_ready(), "the page is gone"
        Host(NODES[1]).cable("up")
        again = asyncio.run(images(lambda: print("and again two at once", flush=True)))
        assert again == expected, "another image came"


if __name__ == "__main__":
    main()
