"""Locks its own process down, then becomes a Python that runs `code_runner` on its standard input.

Standard library only. Arguments: an empty folder, seconds, bytes of memory, the runner's file. Exit code 97: the
lock-down failed, nothing was run.

The process sees none of the machine's files but the system's programs and libraries and Python itself: no homes, no
/proc, no sockets to connect to (a mount that is read-only does not keep anybody from those), no terminals.
"""

import ctypes
import os
import resource
import struct
import sys
from collections.abc import Callable

NO_LOCK = 97
NEWNS, NEWIPC, NEWUSER, NEWPID, NEWNET = 0x20000, 0x8000000, 0x10000000, 0x20000000, 0x40000000
MS_NOSUID, MS_NODEV, MS_BIND, MS_REC, MS_PRIVATE, MNT_DETACH = 0x2, 0x4, 0x1000, 0x4000, 0x40000, 0x2
MOUNT_SETATTR, AT_FDCWD, AT_RECURSIVE, READ_ONLY, NO_SUID = 442, -100, 0x8000, 0x1, 0x2
SET_PDEATHSIG, SET_NO_NEW_PRIVS, SIGKILL = 1, 38, 9
FOLDER_BYTES = 16 << 20
PROCESSES = 16
SYSTEM = ("usr", "bin", "sbin", "lib", "lib32", "lib64", "nix", "gnu")
DEVICES = ("null", "zero", "random", "urandom")
LINKER = "/etc/ld.so.cache"

# Calls of the system that no program needs here and that reach past namespaces or have broken kernels before.
SET_SECCOMP, FILTER = 22, 2
LOAD, EQUAL, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
CALL, MACHINE, FIRST_ARGUMENT = 0, 4, 16  # where struct seccomp_data has them
ALLOW, KILL, REFUSE = 0x7FFF0000, 0x80000000, 0x50000
EPERM, ENOSYS, EAFNOSUPPORT = 1, 38, 97
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

libc = ctypes.CDLL(None, use_errno=True)


class MountAttributes(ctypes.Structure):
    """struct mount_attr of mount_setattr(2)."""

    _fields_ = [(name, ctypes.c_uint64) for name in ("set", "clear", "propagation", "userns")]


def must(what: str, call: Callable[..., int], *arguments: object) -> None:
    """A call of the system that must succeed, else nothing is run. Raises OSError."""
    if call(*arguments) != 0:
        raise OSError(f"{what}: {os.strerror(ctypes.get_errno())}")


def main(folder: str, seconds: int, memory: int, runner: str) -> None:
    """Never returns: ends with the program's exit code."""
    with open(runner, "rb") as stream:
        source = stream.read()
    python = os.path.realpath(sys.executable)
    here = os.path.relpath(python, os.path.realpath(sys.base_prefix))
    if not here.startswith(".."):
        python = f"/python/{here}"
    was_root, uid, gid = os.getuid() == 0, os.getuid(), os.getgid()
    if libc.unshare(NEWNS | NEWPID | NEWNET | NEWIPC | (0 if was_root else NEWUSER)) != 0:
        raise OSError(f"{'root' if was_root else 'this user'} may not make namespaces")
    if not was_root:
        for file, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
            with open(f"/proc/self/{file}", "w") as stream:
                stream.write(text)
    # A user of its own: nobody else's files, and a count of processes of its own.
    user = nobody_else() if was_root else uid
    shut_in(folder, source, user)
    told, failed = os.pipe()  # closed unwritten where the program begins: its own exit code 97 is then no lock-down's
    child = os.fork()  # the first process of the new namespace: when it ends, all others in it are killed
    if child:
        os.close(failed)
        has_begun = not os.read(told, 1)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) & 0xFF
        os._exit(1 if has_begun and code == NO_LOCK else code)
    try:
        become(python, seconds, memory, user if was_root else None)
    except OSError as error:
        os.write(failed, b"x")
        sys.stderr.write(f"{error}\n")
        sys.stderr.flush()
        os._exit(NO_LOCK)


def nobody_else() -> int:
    """A user that nobody is, for root to become; in a container that knows few users one of those. Raises OSError."""
    with open("/proc/self/uid_map") as stream:
        known = [(int(first), int(number)) for first, _, number in map(str.split, stream)]
    for user in (200_000 + os.getpid(), 20_000 + os.getpid() % 40_000):
        if any(first <= user < first + number for first, number in known):
            return user
    raise OSError("there is no other user to become than root")


def shut_in(folder: str, source: bytes, user: int) -> None:
    """Makes the folder the root of all files, with the system, Python, the runner and an empty /tmp. Raises OSError."""
    must("private mounts", libc.mount, None, b"/", None, MS_REC | MS_PRIVATE, None)
    must("new root", libc.mount, b"tmpfs", folder.encode(), b"tmpfs", MS_NOSUID | MS_NODEV, b"size=4m,mode=755")
    os.chdir(folder)
    for place in SYSTEM:
        if os.path.islink(f"/{place}"):
            os.symlink(os.readlink(f"/{place}"), place)
        elif os.path.isdir(f"/{place}"):
            os.mkdir(place)
            show(f"/{place}", place)
    os.mkdir("python")  # wherever it is installed: in another user's home, say
    show(sys.base_prefix, "python")
    os.mkdir("dev")
    for device in DEVICES:
        os.close(os.open(f"dev/{device}", os.O_CREAT | os.O_WRONLY))
        show(f"/dev/{device}", f"dev/{device}")
    os.mkdir("etc")
    if os.path.isfile(LINKER):
        with open(LINKER, "rb") as stream, open(f".{LINKER}", "wb") as kept:
            kept.write(stream.read())
    with open("runner.py", "wb") as stream:
        stream.write(source)
    os.chmod("runner.py", 0o444)
    os.mkdir("tmp")
    attributes = MountAttributes(READ_ONLY | NO_SUID, 0, 0, 0)
    must("read-only mounts", libc.syscall, MOUNT_SETATTR, AT_FDCWD, folder.encode(), AT_RECURSIVE,
         ctypes.byref(attributes), ctypes.sizeof(attributes))  # fmt: skip
    options = f"size={FOLDER_BYTES},mode=700,uid={user}".encode()
    must("a folder to write in", libc.mount, b"tmpfs", b"tmp", b"tmpfs", MS_NOSUID | MS_NODEV, options)
    must("change of root", libc.pivot_root, b".", b".")
    must("no way back", libc.umount2, b".", MNT_DETACH)
    os.chdir("/tmp")


def show(what: str, where: str) -> None:
    """Lets a folder or file of the machine be seen there, all that is mounted in it too. Raises OSError."""
    must(what, libc.mount, what.encode(), where.encode(), None, MS_BIND | MS_REC, None)


def filtered(machine: str) -> bytes:
    """The filter of system calls for a machine, as seccomp(2) wants it. Raises OSError for one that is not known."""
    if machine not in NUMBERS:
        raise OSError(f"the system calls of {machine} are not known here")
    name, socket, clone, forbidden = NUMBERS[machine]
    lines = [(LOAD, 0, 0, MACHINE), (EQUAL, 1, 0, name), (RETURN, 0, 0, KILL), (LOAD, 0, 0, CALL)]
    lines += [(AT_LEAST, 0, 1, OTHER_CALLS), (RETURN, 0, 0, REFUSE | ENOSYS)]
    for number in forbidden:
        lines += [(EQUAL, 0, 1, number), (RETURN, 0, 0, REFUSE | EPERM)]
    # clone3 hides its flags from filters; who is told that it is not there uses clone.
    lines += [(EQUAL, 0, 1, CLONE3), (RETURN, 0, 0, REFUSE | ENOSYS)]
    lines += [(EQUAL, 0, 4, clone), (LOAD, 0, 0, FIRST_ARGUMENT), (ANY_BIT, 0, 1, NEWUSER)]
    lines += [(RETURN, 0, 0, REFUSE | EPERM), (RETURN, 0, 0, ALLOW)]
    lines += [(EQUAL, 0, 2 + len(FAMILIES), socket), (LOAD, 0, 0, FIRST_ARGUMENT)]
    lines += [(EQUAL, len(FAMILIES) - at, 0, family) for at, family in enumerate(FAMILIES)]
    lines += [(RETURN, 0, 0, REFUSE | EAFNOSUPPORT), (RETURN, 0, 0, ALLOW)]
    return b"".join(struct.pack("HBBI", *line) for line in lines)


class Filter(ctypes.Structure):
    """struct sock_fprog: how many lines, and where they are."""

    _fields_ = [("lines", ctypes.c_ushort), ("at", ctypes.c_char_p)]


def become(python: str, seconds: int, memory: int, user: int | None) -> None:
    """Gives up every right and becomes the runner, as that user (null: as who we are). Raises OSError."""
    if user is not None:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
    must("death signal", libc.prctl, SET_PDEATHSIG, SIGKILL, 0, 0, 0)
    must("no new privileges", libc.prctl, SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    for what, most in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, seconds + 1),
        (resource.RLIMIT_FSIZE, FOLDER_BYTES),
        (resource.RLIMIT_NOFILE, 64),
        (resource.RLIMIT_NPROC, PROCESSES),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))
    code = filtered(os.uname().machine)
    must("filter of system calls", libc.prctl, SET_SECCOMP, FILTER, ctypes.byref(Filter(len(code) // 8, code)), 0, 0)
    environment = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "LD_LIBRARY_PATH": "/python/lib", "HOME": "/tmp"}
    os.execve(python, [python, "-I", "-S", "-B", "/runner.py"], environment)


if __name__ == "__main__":
    try:
        main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
    except OSError as error:
        sys.stderr.write(f"{error}\n")
        sys.stderr.flush()
        os._exit(NO_LOCK)
