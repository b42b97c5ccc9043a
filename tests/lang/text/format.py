"""str.format, format(), f-strings, and %."""

def show(*sources):
    """Prints what each expression gives: a value, or the exception and its text."""
    for source in sources:
        try:
            print(source, "->", repr(eval(source)))
        except Exception as error:
            print(source, "->", type(error).__name__ + ":", error)


class Point:
    x, y = 3, "why"

    def __format__(self, spec):
        return f"<{spec}>"

    def __repr__(self):
        return "Point()"

    def __str__(self):
        return "a point"


p = Point()
print("{} {}".format(1, "two"), "{1} {0} {1}".format("a", "b"), "{name!r:>8}".format(name="é"), "{0.x} {0.y}".format(p), "{0[1]} {0[0]}".format([10, 20]), "{0[key]}".format({"key": "v"}), "{:{}}".format("x", ">5"), "{:{w}.{p}f}".format(3.14159, w=10, p=2), "{{}} {{{}}}".format(5), "{!s} {!r} {!a}".format(p, p, "é"), "{:q}".format(p), "{a[0].x}".format(a=[p]), "{0[-1]}".format({"-1": "neg"}))
print("{:>10}|{:<10}|{:^10}|{:*^10}".format("a", "b", "c", "d"), "{:.3}".format("abcdef"), "{:5.2}|".format("xyz"), "{:é>5}".format("x"), "{:日^7}".format("é"), "{:😀<3}".format("a"), "{:05}".format("a"), "{:s}".format("a"))
print("{a} {b}".format_map({"a": 1, "b": 2}), "{:,} {:_} {:#x} {:#b} {:e} {:%}".format(1234567, 1234567, 255, 5, 12345.678, 0.5), "{:c}{:c}".format(97, 0x1F600), "{0:{0}}".format(5))
x, name = 42, "é"
print(f"{x} {x:>5} {x!r} {name!a} {x=} {x + 1 = } {name:>3} {'nested':{'^'}{12}} {x:#06x} {{}}")
print(format("abc", ">6"), format(p, "zz"), format(p), format([1], ""), format(None), format(True, "5"), format("x", ""))
print("%s %r %a %d %i %u" % ("é", "é", "é", 5, -5, 7), "%x %X %o %#x %#X %#o" % (255, 255, 8, 255, 255, 8), "%e %E %f %F %g %G" % (1.5, 1.5, 1.5, 1.5, 1e-10, 1e20), "%c%c%%" % (97, "b"))
print("%5d|%-5d|%05d|%+d|% d|%+05d" % (42, 42, 42, 42, 42, 42), "%5s|%-5s|%.2s|%5.1s" % ("ab", "ab", "abc", "xyz"), "%8.3f|%-8.2f|%08.3f|%+.1f" % (3.14159, 3.14159, -3.14159, 2.55), "%*d|%-*d|%.*f" % (5, 42, 5, 42, 2, 3.14159), "%5c|%-3c|" % ("a", 98))
print("%(a)s %(b)05.1f %(a)r" % {"a": "x", "b": 2.25}, "%(a b)s" % {"a b": 1}, "%((x))s" % {"(x)": 2}, "%s" % [1, 2], "%s" % {"k": 1}, "%s" % (None,), "%s %%" % (1,), "%.0f %.0f" % (0.5, 1.5), "%d" % 3.99, "%d" % -3.99, "%d" % True, "%d" % 10**20, "%x" % -255, "%.10d" % 42, "%.3x" % 10, "%s" % p, "%r" % p)
print("é%s" % 1, "%s日" % "é", "%5s|" % "日", "%-4s|" % "😀", "%s" % "\ud800" == "\ud800", "a" % {}, "a" % [1], "%s" % b"x")
print(("%s" * 3) % (1, 2, 3), "%g %g %g" % (100000.0, 1000000.0, 0.0001), "%#g %#.0f" % (1.0, 2.0), "%5.3d|%+.3d|%-8.3d|" % (7, 7, 7), "%f %f" % (float("inf"), float("nan")), "%5.1f|%05.1f" % (float("inf"), float("inf")))
show(
    "'{'.format()", "'}'.format()", "'{}'.format()", "'{} {1}'.format(1, 2)", "'{1} {}'.format(1, 2)", "'{a}'.format()", "'{0.z}'.format(1)", "'{0[x]}'.format(1)", "'{0!x}'.format(1)", "'{0!}'.format(1)", "'{0:{1:{2}}}'.format(1, 2, 3)", "'{:q}'.format(1)", "'{0[]}'.format(1)", "'{0.}'.format(1)", "'{}'.format_map({})", "'{:1.2.3}'.format(1.0)", "'{[}'.format(1)", "'{!r'.format(1)", "'{!rx}'.format(1)", "'{0[0}'.format(1)", "'{99999999999999999999999}'.format(1)", "'{:>5'.format(1)", "'{:d}'.format('a')", "'{:s}'.format(1)", "'{:,}'.format('a')", "'{:=5}'.format('a')", "'{:+}'.format('a')", "'{:10}'.format([])", "'{:x}'.format(None)", "'a'.__format__(1)", "format(1, 2)", "format('a', 'd')", "format(1.5, 'x')", "format(object(), '5')",
    "'%d' % 'a'", "'%x' % 1.5", "'%c' % (1 << 40)", "'%c' % -1", "'%s' % ()", "'%s' % (1, 2)", "'a' % 1", "'%(a)s' % 1", "'%(a)s' % {}", "'%(a)s %s' % {'a': 1}", "'%q' % 1", "'%' % 1", "'%*d' % ('a', 1)", "'%.*d' % ('a', 1)", "'%*d' % (-5, 1)", "'%.*f' % (-5, 1)", "'%f' % 'a'", "'%d' % None", "'%f' % 10**400", "'%d' % 10**5000", "'%x' % 1j", "'%5%' % ()", "'%(a' % {}", "'%s %s' % 1", "'%99999999999999999999d' % 1", "'%5'", "'%ld %hd' % (1, 2)",
)
