"""`re` with a mutated pattern, past its cache."""
import re._compiler
import re

SUBJECTS = ("", "aab", "abc abd 12", "caf\xe9 \u03b1\u0391", "\U0001d7d0x1\n\n-_", "aaaaaaaaaaaaaab")
FLAGS = (0, re.I, re.M | re.S, re.X, re.A | re.I, re.L, re.I | re.U)


def run(how, raw, text):
    source, subject = text, SUBJECTS[how % 6]
    if how >= 192:
        source, subject = raw, subject.encode()
    try:
        pattern = re._compiler.compile(source, FLAGS[how // 6 % 7])
    except SystemError:
        raise
    except (ValueError, re.error, OverflowError, RecursionError):
        return
    pattern.match(subject)
    pattern.fullmatch(subject)
    for match in pattern.finditer(subject):
        match.groups(), match.span(), match.groupdict(), match.regs, match.lastgroup
    pattern.findall(subject, 1)
    pattern.split(subject, 3)
    pattern.sub(lambda match: match[0] * 2, subject)
    try:
        pattern.sub(source, subject)
        match.expand(source)
    except (ValueError, re.error, NameError, IndexError):
        pass
