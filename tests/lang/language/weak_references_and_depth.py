"""Weak references to and from objects that are freed a long chain at a time."""

import weakref


class Link:
    __slots__ = 'prev', 'next', 'key', '__weakref__'


class Node(dict):
    def __init__(self, inner):
        self[None] = inner
        self.hard = root = Link()
        self.root = proxy = weakref.proxy(self.hard)
        root.prev = root.next = proxy
        link = Link()
        link.prev, link.next, link.key = proxy, proxy, 1
        self.map = {None: link}
        proxy.prev = weakref.proxy(link)
        proxy.next = link


node = None
for _ in range(50000):
    node = Node(node)
del node
print('freed')
