"""The sandbox that code runs in: bubblewrap's command line, and the filter of system calls that it loads.

The sandbox has namespaces of its own (no network, no other process), a read-only root with the system's programs,
libraries and Python, and 16 MB to write in that vanish with it. It sees no home, no /proc, no terminal, and no socket
of the machine. A user namespace of its own goes with it where we are a plain user; where we are root the runner becomes
a user that nobody else is, because the kernel does not count root's processes.
"""

import os
import struct
import sys
from itertools import count
from pathlib import Path

BESIDE = 64  # sandboxes of one process that have different users
BWRAP = "bwrap"
PACKAGE = "bubblewrap"
FOLDER_BYTES = 16 << 20
SYSTEM = ("usr", "bin", "sbin", "lib", "lib32", "lib64", "nix", "gnu")
DEVICES = ("null", "zero", "random", "urandom")
LINKER = "/etc/ld.so.cache"
RUNNER = Path(__file__).with_name("runner.py")
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "LD_LIBRARY_PATH": "/python/lib", "HOME": "/tmp"}

# The filter: system calls that no program needs here and that reach past namespaces, or broke kernels before.
LOAD, EQUAL, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
CALL, MACHINE, FIRST_ARGUMENT = 0, 4, 16  # where struct seccomp_data has them
ALLOW, KILL, REFUSE = 0x7FFF0000, 0x80000000, 0x50000
EPERM, ENOSYS, EAFNOSUPPORT = 1, 38, 97
NEWUSER = 0x10000000
FAMILIES = (1, 2, 10)  # sockets in a folder, IPv4, IPv6: those that namespaces keep in
OTHER_CALLS = 0x40000000  # from here on x86-64 has a second table of the same calls
FORBIDDEN = (
    "ptrace", "process_vm_readv", "process_vm_writev", "add_key", "request_key", "keyctl", "bpf", "perf_event_open",
    "userfaultfd", "io_uring_setup", "unshare", "setns", "mount", "umount2", "pivot_root",
)  # fmt: skip
NUMBERS = {
    "x86_64": (0xC000003E, 41, 56, (101, 310, 311, 248, 249, 250, 321, 298, 323, 425, 272, 308, 165, 166, 155)),
    "aarch64": (0xC00000B7, 198, 220, (117, 270, 271, 217, 218, 219, 280, 241, 282, 425, 97, 268, 40, 39, 41)),
}
"""A machine's name as the filter knows it, the numbers of socket and clone, and those of `FORBIDDEN`."""
CLONE3 = 435
_RUNS = count()


def command(seconds: int, memory: int, filter_file: int, watched: int) -> list[str]:
    """The command line that runs `runner.py` in a sandbox.

    `seconds` of processor time and `memory` bytes are the runner's limits; `filter_file` is the number of an open file
    that holds the filter, `watched` that of a pipe: the sandbox ends when its other end closes. Raises OSError where
    there is no user to become but root.
    """
    is_root = os.getuid() == 0
    options = ["--die-with-parent", "--as-pid-1", "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts"]
    options += ["--unshare-cgroup-try", "--cap-drop", "ALL"]
    options += ["--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"] if is_root else ["--unshare-user"]
    for place in SYSTEM:
        if os.path.islink(f"/{place}"):
            options += ["--symlink", os.readlink(f"/{place}"), f"/{place}"]
        elif os.path.isdir(f"/{place}"):
            options += ["--ro-bind", f"/{place}", f"/{place}"]
    options += ["--ro-bind", sys.base_prefix, "/python"]  # wherever it is installed: in a home, say
    options += ["--perms", "0755", "--dir", "/etc", "--perms", "0755", "--dir", "/dev"]
    options += ["--ro-bind-try", LINKER, LINKER]
    for device in DEVICES:
        options += ["--dev-bind", f"/dev/{device}", f"/dev/{device}"]
    options += ["--perms", "1777", "--size", str(FOLDER_BYTES), "--tmpfs", "/tmp", "--chdir", "/tmp"]
    options += ["--remount-ro", "/", "--seccomp", str(filter_file), "--clearenv"]
    for name, value in ENVIRONMENT.items():
        options += ["--setenv", name, value]
    user = str(other_user()) if is_root else ""
    runner = [_python(), "-I", "-S", "-B", "-c", RUNNER.read_text("utf-8")]
    return [BWRAP, *options, "--", *runner, str(seconds), str(memory), str(FOLDER_BYTES), user, str(watched)]


def _python() -> str:
    """Where the running Python is in the sandbox."""
    python = os.path.realpath(sys.executable)
    here = os.path.relpath(python, os.path.realpath(sys.base_prefix))
    return python if here.startswith("..") else f"/python/{here}"


def other_user() -> int:
    """A user that nobody is, for root to become; in a container that knows few users one of those. Raises OSError.

    Sandboxes beside each other have different ones, because the limit on processes counts all of a user.
    """
    number = os.getpid() * BESIDE + next(_RUNS) % BESIDE
    with open("/proc/self/uid_map") as stream:
        known = [(int(first), int(number)) for first, _, number in map(str.split, stream)]
    for user in (200_000 + number, 20_000 + number % 40_000):
        if any(first <= user < first + number for first, number in known):
            return user
    raise OSError("there is no other user to become than root")


def call_filter(machine: str) -> bytes:
    """The filter of system calls for a machine, as seccomp(2) wants it. Raises OSError for one that is not known."""
    if machine not in NUMBERS:
        raise OSError(f"the system calls of {machine} are not known here")
    name, socket, clone, forbidden = NUMBERS[machine]
    lines = [(LOAD, 0, 0, MACHINE), (EQUAL, 1, 0, name), (RETURN, 0, 0, KILL), (LOAD, 0, 0, CALL)]
    lines += [(AT_LEAST, 0, 1, OTHER_CALLS), (RETURN, 0, 0, REFUSE | ENOSYS)]
    for number in forbidden:
        lines += [(EQUAL, 0, 1, number), (RETURN, 0, 0, REFUSE | EPERM)]
    # clone3 hides its flags from filters; a program that is told that it is not there uses clone.
    lines += [(EQUAL, 0, 1, CLONE3), (RETURN, 0, 0, REFUSE | ENOSYS)]
    lines += [(EQUAL, 0, 4, clone), (LOAD, 0, 0, FIRST_ARGUMENT), (ANY_BIT, 0, 1, NEWUSER)]
    lines += [(RETURN, 0, 0, REFUSE | EPERM), (RETURN, 0, 0, ALLOW)]
    lines += [(EQUAL, 0, 2 + len(FAMILIES), socket), (LOAD, 0, 0, FIRST_ARGUMENT)]
    lines += [(EQUAL, len(FAMILIES) - at, 0, family) for at, family in enumerate(FAMILIES)]
    lines += [(RETURN, 0, 0, REFUSE | EAFNOSUPPORT), (RETURN, 0, 0, ALLOW)]
    return b"".join(struct.pack("HBBI", *line) for line in lines)
