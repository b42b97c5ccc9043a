"""The operating system: descriptors, directories, children, signals."""
import errno
import fcntl
import os
import select
import signal
import stat
import tempfile

folder = tempfile.mkdtemp()


def error(function, *args, **kwargs):
    try:
        return function(*args, **kwargs)
    except Exception as exc:
        return f"{type(exc).__name__}: {exc}".replace(folder, "FOLDER")


# ---- descriptors ----
r, w = os.pipe()
print(os.get_inheritable(r), os.get_blocking(r), os.write(w, b"abcdef"), os.read(r, 3))
os.set_blocking(r, False)
print(os.read(r, 9), error(os.read, r, 1), fcntl.fcntl(r, fcntl.F_GETFL) & os.O_NONBLOCK != 0)
print(select.select([r], [w], [], 0) == ([], [w], []))
poll = select.poll()
poll.register(r)
print(poll.poll(0), os.write(w, b"!"), poll.poll(0) == [(r, select.POLLIN)], error(poll.unregister, 99))
with select.epoll() as epoll:
    epoll.register(r, select.EPOLLIN)
    print(epoll.poll(1) == [(r, select.EPOLLIN)], error(epoll.register, r), epoll.closed)
print(epoll.closed, error(epoll.poll))
os.close(r)
print(error(os.write, w, b"x"), error(os.close, r), error(os.fstat, 99))

# ---- files by directory ----
top = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
fd = os.open("a", os.O_RDWR | os.O_CREAT, 0o640, dir_fd=top)
print(os.pwrite(fd, b"0123456789", 0), os.pread(fd, 4, 3), os.writev(fd, [b"x", bytearray(b"yz")]))
room = [bytearray(2), bytearray(3)]
print(os.preadv(fd, room, 0), room, os.lseek(fd, 0, os.SEEK_CUR), os.ftruncate(fd, 5))
facts = os.stat("a", dir_fd=top)
print(stat.filemode(facts.st_mode), facts.st_size, facts.st_nlink, len(facts), facts.st_mtime_ns > 0)
os.symlink("a", "link", dir_fd=top)
os.link("a", "hard", src_dir_fd=top, dst_dir_fd=top)
os.mkdir("sub", dir_fd=top)
os.rename("hard", "sub/moved", src_dir_fd=top, dst_dir_fd=top)
print(os.readlink("link", dir_fd=top), sorted(os.listdir(folder)), os.stat("a", dir_fd=top).st_nlink)
print(os.lstat(os.path.join(folder, "link")).st_size, os.access("a", os.R_OK, dir_fd=top))
os.utime("a", ns=(10**9, 2 * 10**9 + 5), dir_fd=top)
print(os.stat("a", dir_fd=top).st_mtime_ns, os.stat(fd).st_atime)
print(error(os.unlink, "none", dir_fd=top), error(os.rmdir, "sub", dir_fd=top), error(os.stat, fd, dir_fd=top))
with os.scandir(folder) as entries:
    print(sorted((e.name, e.is_dir(), e.is_symlink(), e.is_file()) for e in entries))
print(error(os.listdir, folder + "?"), error(os.rename, "x" * 3, "y"))
copy = os.open("copy", os.O_RDWR | os.O_CREAT, dir_fd=top)
print(os.sendfile(copy, fd, 0, 3), os.pread(copy, 9, 0), os.copy_file_range(fd, copy, 2, 3, 3), os.pread(copy, 9, 0))
os.close(copy)
os.close(fd)

# ---- children ----
pid = os.fork()
if pid == 0:
    os._exit(7)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), error(os.waitpid, pid, 0))
pid = os.posix_spawn("/bin/sh", ["sh", "-c", "exit $N"], {"N": "3"})
got, status, usage = os.wait4(pid, 0)
print(got == pid, os.WEXITSTATUS(status), usage.ru_utime >= 0)
pid = os.fork()
if pid == 0:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.kill(os.getpid(), signal.SIGTERM)
info = os.waitid(os.P_PID, pid, os.WEXITED)
print(info.si_status == signal.SIGTERM, info.si_code == os.CLD_KILLED if hasattr(os, "CLD_KILLED") else True)
calls = []
os.register_at_fork(before=lambda: calls.append("before"), after_in_parent=lambda: calls.append("parent"))
pid = os.fork()
if pid == 0:
    os._exit(0)
os.waitpid(pid, 0)
print(calls, error(os.register_at_fork), error(os.posix_spawn, "/no", ["no"], {}))

# ---- signals ----
seen = []
old = signal.signal(signal.SIGUSR1, lambda number, frame: seen.append(number))
signal.raise_signal(signal.SIGUSR1)
print(seen == [signal.SIGUSR1], old, signal.getsignal(signal.SIGUSR2))
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
os.kill(os.getpid(), signal.SIGUSR1)
print(signal.sigpending() == {signal.SIGUSR1}, signal.sigwait([signal.SIGUSR1]) == signal.SIGUSR1, len(seen))
signal.pthread_sigmask(signal.SIG_SETMASK, [])
r, w = os.pipe()
os.set_blocking(w, False)
print(signal.set_wakeup_fd(w), error(signal.set_wakeup_fd, r))
signal.signal(signal.SIGALRM, lambda *args: seen.append("alarm"))
signal.setitimer(signal.ITIMER_REAL, 0.1)
signal.pause()
print(os.read(r, 1) == bytes([signal.SIGALRM]), seen[-1], signal.set_wakeup_fd(-1) == w)
print(error(signal.signal, 999, signal.SIG_DFL), error(signal.signal, signal.SIGINT, 3), error(signal.signal, signal.SIGKILL, signal.SIG_IGN))
print(signal.strsignal(signal.SIGINT), signal.SIGINT in signal.valid_signals())

# ---- names ----
print(os.strerror(errno.ENOENT), errno.errorcode[errno.EPIPE], os.sysconf("SC_PAGESIZE") > 0)
print(error(os.sysconf, "none"), os.pathconf("/", "PC_NAME_MAX"), os.confstr("CS_PATH"))
print(os.major(os.makedev(3, 7)), os.minor(os.makedev(3, 7)), os.fspath(b"x"), error(os.fspath, 3))
