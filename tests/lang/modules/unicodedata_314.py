# `unicodedata`: functions of both databases, their errors.
import unicodedata as u
def t(f,*a):
    try: print(repr(f(*a)))
    except BaseException as e: print(type(e).__name__, e)
for n in 'category bidirectional combining mirrored east_asian_width decomposition decimal digit numeric name lookup normalize is_normalized'.split():
    f=getattr(u,n); print(n, f.__text_signature__, f.__doc__)
    g=getattr(u.ucd_3_2_0,n); t(g,'\u20ac'); t(f,1); t(f,''); t(f,'ab'); t(f,'a')
t(u.UCD); t(u.lookup,'x'*300); t(u.lookup,'\xe9'); t(u.lookup, 'LATIN SMALL LETTER R WITH TILDE'); t(u.ucd_3_2_0.lookup, 'LATIN SMALL LETTER R WITH TILDE'); t(u.ucd_3_2_0.lookup, 'LATIN CAPITAL LETTER GHA');t(u.lookup, 'LATIN CAPITAL LETTER GHA'); t(u.ucd_3_2_0.lookup,'SNOWMAN WITHOUT SNOW'); t(u.ucd_3_2_0.lookup, 'nope'); t(u.lookup, b'SNOWMAN')
