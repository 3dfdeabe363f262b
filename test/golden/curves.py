"""Curves of test/domain/statistics/matched-curves.test.ts by SciPy: PCHIP, the place where a gain is first reached, t intervals of logs."""
import numpy as np
from scipy.interpolate import PchipInterpolator
from scipy import stats, optimize
x=[0,.25,.5,1]; y=[0,1.,4,4.5]; z=[0,3,2,9]
for v in (y,z):
    p=PchipInterpolator(x,v); print([repr(float(p(t))) for t in (.1,.25,.4,.7,.95)])
p=PchipInterpolator([0,1],[0,5]); print(float(p(.3)))
# curves: 3 seeds, reference and method
ref={1:dict(a=[0,.5,1],r=[2,5,8],k=[0,2,9],f=[0,60,200]),2:dict(a=[0,.5,1],r=[2,5.5,7.5],k=[0,2.5,8],f=[0,70,190]),3:dict(a=[0,.5,1],r=[2,4.5,9],k=[0,1.8,10],f=[0,55,230])}
met={1:dict(a=[0,.5,1],r=[2,6,8.5],k=[0,1.5,5],f=[0,50,130]),2:dict(a=[0,.5,1],r=[2,5,7],k=[0,1.2,4.5],f=[0,40,120]),3:dict(a=[0,.5,1],r=[2,5.2,8],k=[0,1.4,5.5],f=[0,48,110])}
def first(c,key,target):
    # KL grows with the square of the distance: its root is what is interpolated.
    form=np.sqrt if key=='k' else (lambda v:v)
    p=PchipInterpolator(c['a'],[form(v-c[key][0]) for v in c[key]])
    for lo,hi in zip(c['a'],c['a'][1:]):
        if p(hi)>=form(target):
            return optimize.brentq(lambda t:p(t)-form(target),lo,hi,xtol=1e-14)
def ratio(m,r,key,shares):
    top=min(max(v-c[key][0] for v in c[key]) for c in (m,r))
    out=[]
    for s in shares:
        t=top*s*(1-1e-9)
        fm=PchipInterpolator(m['a'],m['f'])(first(m,key,t)); fr=PchipInterpolator(r['a'],r['f'])(first(r,key,t))
        # Half a sample more on both sides, as for odds with an empty cell.
        out.append(np.log((fm+.5)/(fr+.5)))
    return np.mean(out)
for key,shares in (('r',(.5,.75,1)),('k',(.25,.5,1))):
    logs=[ratio(met[s],ref[s],key,shares) for s in (1,2,3)]
    m=np.mean(logs); h=stats.t.ppf(.975,2)*np.std(logs,ddof=1)/np.sqrt(3)
    print(key,[repr(float(np.exp(l))) for l in logs],repr(float(np.exp(m))),repr(float(np.exp(m-h))),repr(float(np.exp(m+h))))
