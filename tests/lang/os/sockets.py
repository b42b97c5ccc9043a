# Sockets over the loopback interface and over Unix pairs: data, timeouts, messages, errors.
import array
import os
import socket
import threading

server = socket.create_server(('127.0.0.1', 0))


def echo():
    connection, address = server.accept()
    with connection:
        while data := connection.recv(1000):
            connection.sendall(data)


thread = threading.Thread(target=echo)
thread.start()
with socket.create_connection(server.getsockname(), timeout=10) as client:
    client.sendall(b'x' * 100_000)
    client.shutdown(socket.SHUT_WR)
    with client.makefile('rb') as file:
        print(len(file.read()))
thread.join()
server.close()
print(server.fileno(), '[closed]' in repr(server))

a, b = socket.socketpair()
a.settimeout(0.01)
print(a.gettimeout(), a.getblocking())
for call in (lambda: a.recv(1), lambda: a.recv_into(bytearray(2), 3), lambda: a.recv(-1),
             lambda: a.settimeout(-1), lambda: a.settimeout(float('nan')),
             lambda: a.connect(1), lambda: a.sendto(b''), lambda: a.getsockopt(1, 2, 5000)):
    try:
        print(call())
    except Exception as e:
        print(type(e).__name__, e)
a.settimeout(0)
try:
    a.recv(1)
except BlockingIOError as e:
    print(e)
a.setblocking(True)
print(b.sendmsg([b'one', bytearray(b'two')]), a.recvmsg(100))
b.send(b'abcdef')
room = [bytearray(2), memoryview(bytearray(3))]
print(a.recvmsg_into(room), bytes(room[0]), bytes(room[1]), a.recv(9))
read, write = os.pipe()
socket.send_fds(a, [b'fd'], [write])
data, fds, flags, address = socket.recv_fds(b, 10, 1)
os.write(fds[0], b'through the descriptor')
print(data, os.read(read, 100))
for fd in (read, write, *fds):
    os.close(fd)
size = array.array('i').itemsize
print(socket.CMSG_LEN(size), socket.CMSG_SPACE(size))
copy = a.dup()
fd = copy.detach()
print(copy.fileno(), socket.socket(fileno=fd).family == socket.AF_UNIX)
a.close()
b.close()

udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.bind(('127.0.0.1', 0))
udp.sendto(b'datagram', udp.getsockname())
print(udp.recvfrom(4)[0], udp.getsockopt(socket.SOL_SOCKET, socket.SO_TYPE) == socket.SOCK_DGRAM)
udp.close()

abstract = socket.socket(socket.AF_UNIX)
print(repr(abstract.getsockname()))
abstract.bind(b'\0adder-test-%d' % os.getpid())
print(abstract.getsockname()[:11])
abstract.close()

print(socket.inet_aton('127.1'), socket.inet_ntop(socket.AF_INET6, b'\0' * 12 + b'\1\2\3\4'),
      socket.inet_pton(socket.AF_INET6, '::ffff:1.2.3.4'), socket.htons(1), socket.ntohl(1))
print(socket.getaddrinfo('127.0.0.1', 80, type=socket.SOCK_STREAM))
print(socket.getnameinfo(('127.0.0.1', 8), socket.NI_NUMERICHOST | socket.NI_NUMERICSERV))
for call in (lambda: socket.getaddrinfo('127.0.0.1', 'no such service'),
             lambda: socket.inet_aton('x'), lambda: socket.htons(1 << 16),
             lambda: socket.socket(12345), lambda: socket.if_nametoindex('no such')):
    try:
        print(call())
    except Exception as e:
        print(type(e).__name__, e)
