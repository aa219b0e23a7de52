"""A Ray cluster that is there: which one, what its nodes have, and what is said where it is not there or goes away."""

import logging
import signal
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread, current_thread, main_thread
from typing import Any

import journey
from journey.errors import UsageError, check_settings
from journey.store.faults import StoreError

HEAD_PATIENCE = 40.0  # seconds; after 60 without its head Ray ends the whole process, with lines of its own
REACH_PATIENCE = 5.0  # seconds that an address has to take a connection
LOCAL = "local"


@dataclass(frozen=True, slots=True, kw_only=True)
class RaySettings:
    """Which cluster (`auto`: the one of this machine, HOST:PORT, `local`: one made for this command; null: none).

    `cores` and `gpus` are the share of one worker, `batch` the units that it gets at a time.
    """

    address: str | None = None
    cores: float = 1.0
    gpus: float = 0.0
    batch: int = 16

    def __post_init__(self) -> None:
        check_settings(self, "ray.", cores=0.01, gpus=0, batch=1)


class ClusterLost(StoreError):
    """The cluster's head is gone; what the workers had brought is stored."""


def check_installed(settings: RaySettings) -> None:
    """Raises UsageError where a cluster is wanted and Ray is not installed."""
    if settings.address is not None and find_spec("ray") is None:
        raise UsageError("--ray needs Ray; install it with pip install 'journey-learning[ray]'")


def connect(settings: RaySettings) -> Any:
    """Ray, connected to the cluster; the code of this package, with its prompts, goes to every node.

    Raises UsageError where there is no Ray, no cluster, or no node that holds a worker.
    """
    check_installed(settings)
    import ray
    from ray._private import worker

    if not ray.is_initialized():
        package = str(Path(journey.__file__).parent)
        try:
            _reach(str(settings.address))
            on_term = signal.getsignal(signal.SIGTERM)
            ray.init(
                address=settings.address, log_to_driver=False, logging_level=logging.ERROR, configure_logging=False,
                runtime_env={} if settings.address == LOCAL else {"py_modules": [package]},
            )  # fmt: skip
        except (OSError, ValueError) as error:  # Ray's ConnectionError is one
            raise UsageError(
                f"there is no Ray cluster at {settings.address} ({' '.join(str(error).split())[:120]}); begin one with "
                "ray start --head, or give --ray HOST:PORT"
            ) from None
        if current_thread() is main_thread() and on_term is not None:  # Ray takes its place
            signal.signal(signal.SIGTERM, on_term)
        worker._worker_logs_enabled = False  # what nodes that die say of it would stand in our output
    found = nodes(ray)
    if not any(fits(node, settings) for node in found):
        most = {name: max((node.get(name, 0) for node in found), default=0) for name in ("CPU", "GPU")}
        raise UsageError(
            f"no node of the Ray cluster has {settings.cores:g} cores and {settings.gpus:g} GPUs for a worker (the "
            f"most are {most['CPU']:g} and {most['GPU']:g}); lower ray.cores and ray.gpus, or add such a node"
        )
    return ray


def _reach(address: str) -> None:
    """Raises OSError or ValueError where nobody answers: Ray itself would try for minutes, and write of each."""
    if address == LOCAL or "://" in address:  # one of its own, or the Ray client's
        return
    from ray._private.services import canonicalize_bootstrap_address

    host, _, port = str(canonicalize_bootstrap_address(address)).rpartition(":")
    socket.create_connection((host.strip("[]"), int(port)), timeout=REACH_PATIENCE).close()


def nodes(ray: Any) -> Sequence[Mapping[str, float]]:
    """What each node that lives has. Raises ClusterLost where the cluster's head does not answer."""
    answer: SimpleQueue[Any] = SimpleQueue()

    def look() -> None:
        try:
            answer.put([node["Resources"] for node in ray.nodes() if node["Alive"]])
        except ray.exceptions.RayError as error:
            answer.put(error)

    Thread(target=look, daemon=True).start()  # Ray waits for a head that is gone, and then ends the process
    try:
        found = answer.get(timeout=HEAD_PATIENCE)
    except Empty:
        raise lost(f"its head has not answered for {HEAD_PATIENCE:g} seconds") from None
    if isinstance(found, Exception):
        raise lost(" ".join(str(found).split())[:120])
    return found


def lost(why: str) -> ClusterLost:
    """The error of a cluster that is gone, in one sentence."""
    return ClusterLost(
        f"the Ray cluster is lost ({why}); what its workers brought back is stored, and the same command goes on from "
        "there when a cluster is there again"
    )


def fits(node: Mapping[str, float], settings: RaySettings) -> bool:
    """Whether the node holds a worker."""
    return node.get("CPU", 0) >= settings.cores and node.get("GPU", 0) >= settings.gpus


def room(found: Sequence[Mapping[str, float]], settings: RaySettings) -> int:
    """How many workers these nodes hold."""
    by_gpus = [node.get("GPU", 0) // settings.gpus if settings.gpus else 10**6 for node in found]
    return int(sum(min(node.get("CPU", 0) // settings.cores, n) for node, n in zip(found, by_gpus, strict=True)))
