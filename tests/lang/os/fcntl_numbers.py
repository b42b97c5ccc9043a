# A number where a command wants a structure is no address of the program.
import fcntl
import os
import termios

r, w = os.pipe()
address = id(os)
os.write(w, b"abc")


def attempt(call, command, number):
    try:
        return call(r, command, number)
    except OSError as e:
        return e.errno
    except OverflowError as e:
        return str(e)


for n in (0, 1, -1, address, 1 << 31, (1 << 32) - 1, -(1 << 32) + 5, 1 << 40, 1 << 62):
    # The lowest bits of a number count.
    print(attempt(fcntl.fcntl, fcntl.F_GETLK, n), attempt(fcntl.fcntl, fcntl.F_SETFL, n & ~0xffff))
for n in (0, 1, -1, address, 1 << 40, 1 << 62, -(1 << 40), 1 << 70):
    print(attempt(fcntl.ioctl, termios.FIONREAD, n))
print(fcntl.ioctl(r, termios.FIONREAD, bytes(4)))
room = bytearray(4)
print(fcntl.ioctl(r, termios.FIONREAD, room), room)
