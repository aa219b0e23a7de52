"""Locks its own process down, then becomes a Python that runs the program on standard input. Standard library only.

Arguments: a folder, seconds, bytes of memory. Exit code 97: the lock-down failed, nothing was run.
"""

import ctypes
import os
import resource
import sys
from collections.abc import Callable

NO_LOCK = 97
NEWNS, NEWIPC, NEWUSER, NEWPID, NEWNET = 0x20000, 0x8000000, 0x10000000, 0x20000000, 0x40000000
MS_NOSUID, MS_NODEV, MS_BIND, MS_REC, MS_PRIVATE = 0x2, 0x4, 0x1000, 0x4000, 0x40000
MOUNT_SETATTR, AT_FDCWD, AT_RECURSIVE, READ_ONLY = 442, -100, 0x8000, 0x1
SET_PDEATHSIG, SET_NO_NEW_PRIVS, SIGKILL = 1, 38, 9
FOLDER_BYTES = 16 << 20
PROCESSES = 16

libc = ctypes.CDLL(None, use_errno=True)


class MountAttributes(ctypes.Structure):
    """struct mount_attr of mount_setattr(2)."""

    _fields_ = [(name, ctypes.c_uint64) for name in ("set", "clear", "propagation", "userns")]


def must(what: str, call: Callable[..., int], *arguments: object) -> None:
    """A call of the system that must succeed, else nothing is run. Raises OSError."""
    if call(*arguments) != 0:
        raise OSError(f"{what}: {os.strerror(ctypes.get_errno())}")


def main(folder: str, seconds: int, memory: int) -> None:
    """Never returns: ends with the program's exit code."""
    program = sys.stdin.buffer.read()
    was_root, uid, gid = os.getuid() == 0, os.getuid(), os.getgid()
    must("unshare", libc.unshare, NEWNS | NEWPID | NEWNET | NEWIPC | (0 if was_root else NEWUSER))
    if not was_root:
        for file, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
            with open(f"/proc/self/{file}", "w") as stream:
                stream.write(text)
    must("private mounts", libc.mount, None, b"/", None, MS_REC | MS_PRIVATE, None)
    attributes = MountAttributes(READ_ONLY, 0, 0, 0)
    must("read-only mounts", libc.syscall, MOUNT_SETATTR, AT_FDCWD, b"/", AT_RECURSIVE,
         ctypes.byref(attributes), ctypes.sizeof(attributes))  # fmt: skip
    # A user of its own: nobody else's files, and a count of processes of its own.
    runner = 200_000 + os.getpid() if was_root else uid
    options = f"size={FOLDER_BYTES},mode=700,uid={runner}".encode()
    must("folder", libc.mount, b"tmpfs", folder.encode(), b"tmpfs", MS_NOSUID | MS_NODEV, options)
    os.chdir(folder)
    # Python itself, where that user can reach it: it may be installed in another's home.
    os.mkdir("python")
    must("python", libc.mount, sys.base_prefix.encode(), b"python", None, MS_BIND | MS_REC, None)
    with open("program.py", "wb") as stream:
        stream.write(program)
    told, failed = os.pipe()  # closed unwritten where the program begins: its own exit code 97 is then no lock-down's
    child = os.fork()  # the first process of the new namespace: when it ends, all others in it are killed
    if child:
        os.close(failed)
        has_begun = not os.read(told, 1)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) & 0xFF
        os._exit(1 if has_begun and code == NO_LOCK else code)
    try:
        become(folder, seconds, memory, runner if was_root else None)
    except OSError as error:
        os.write(failed, b"x")
        sys.stderr.write(f"{error}\n")
        sys.stderr.flush()
        os._exit(NO_LOCK)


def become(folder: str, seconds: int, memory: int, runner: int | None) -> None:
    """Gives up every right and becomes the program, as the user `runner` (null: as who we are). Raises OSError."""
    if runner is not None:
        os.setgroups([])
        os.setresgid(runner, runner, runner)
        os.setresuid(runner, runner, runner)
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
    here = os.path.relpath(os.path.realpath(sys.executable), sys.base_prefix)
    python = os.path.join(folder, "python", here) if not here.startswith("..") else os.path.realpath(sys.executable)
    environment = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "LD_LIBRARY_PATH": os.path.join(folder, "python", "lib")}
    os.execve(python, [python, "-I", "-S", "-B", "program.py"], environment)


if __name__ == "__main__":
    try:
        main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
    except OSError as error:
        sys.stderr.write(f"{error}\n")
        sys.stderr.flush()
        os._exit(NO_LOCK)
