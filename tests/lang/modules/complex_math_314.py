# `cmath` and `_statistics`: values and errors.
import cmath, _statistics
def t(f,*a,**k):
    try: print(repr(f(*a,**k)))
    except BaseException as e: print(type(e).__name__, e)
t(cmath.log,0); t(cmath.log10,0); t(cmath.log,1,0); t(cmath.log,2,1); t(cmath.atanh,1); t(cmath.atanh,-1); t(cmath.exp,1000); t(cmath.rect,1,float('inf')); t(cmath.sqrt,'x'); t(cmath.isclose,1,1,rel_tol=-1); t(cmath.exp,complex('inf+infj')); t(cmath.cosh,complex('inf+infj')); t(cmath.tanh,complex('0+infj')); t(cmath.polar, 1e308+1e308j); t(cmath.atan, 1j); t(cmath.phase,'a'); t(cmath.tan,complex('inf+1j')); t(cmath.log, 5, 'x'); t(cmath.cos, 1e5j)
t(_statistics._normal_dist_inv_cdf,0,0,1); t(_statistics._normal_dist_inv_cdf,.5,0,1); t(_statistics._normal_dist_inv_cdf,.01,2,3); t(_statistics._normal_dist_inv_cdf,1.0,2,3); t(_statistics._normal_dist_inv_cdf,1e-20,2,3); t(_statistics._normal_dist_inv_cdf,.9,2,-3)
zs = [complex(x, y) for x in (0.0, -0.0, 1.0, -2.5, 1e-310, 1e308, float('inf'), float('-inf'), float('nan')) for y in (0.0, -0.0, 0.5, -3.0, 1e300, float('inf'), float('nan'))]
for name in 'acos acosh asin asinh atan atanh cos cosh exp log log10 sin sinh sqrt tan tanh phase polar isinf isnan isfinite'.split():
    print(name)
    for z in zs:
        t(getattr(cmath, name), z)
