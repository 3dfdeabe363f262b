"""Reference values for several answers per sample (src-main/shared/domain/statistics/solved.ts, sign-flip.ts).

    python3 test/golden/attempts.py        writes test/assets/statistics/attempts.json

Needs numpy and scipy. pass@k, pass^k and the chance of flipping by itself are counted over all draws of answers, Fisher's test is
SciPy's, what it does under no change is counted over SciPy's hypergeometric distribution, and the sign-flip test is SciPy's
permutation test over all choices of signs.
"""

import itertools
import json
import pathlib

import numpy as np
import scipy
from scipy import stats


def drawn():
    rows = []
    for n in range(1, 8):
        for c in range(n + 1):
            answers = [1] * c + [0] * (n - c)
            for k in range(1, n + 1):
                draws = list(itertools.combinations(answers, k))
                rows.append(dict(attempts=n, right=c, k=k, some=float(np.mean([max(d) for d in draws])), all=float(np.mean([min(d) for d in draws]))))
    return rows


def by_itself():
    return [
        dict(attempts=n, right=c, flips=float(np.mean([a == 1 and b == 0 for a, b in itertools.permutations([1] * c + [0] * (n - c), 2)])))
        for n in range(2, 8)
        for c in range(n + 1)
    ]


def tested():
    rows = []
    sizes = [(1, 1), (2, 2), (3, 3), (4, 4), (5, 5), (8, 8), (5, 3), (1, 6), (16, 16), (64, 64), (200, 100)]
    rng = np.random.default_rng(5)
    for old, now in sizes:
        pairs = list(itertools.product(range(old + 1), range(now + 1)))
        for i in rng.permutation(len(pairs))[:12]:
            a, b = pairs[i]
            p_of = lambda x, y: stats.fisher_exact([[x, old - x], [y, now - y]])[1]
            worse = better = 0.0
            for x in range(max(0, a + b - now), min(a + b, old) + 1):
                y = a + b - x
                if p_of(x, y) > 0.05:
                    continue
                chance = stats.hypergeom.pmf(x, old + now, a + b, old)
                if y / now < x / old:
                    worse += chance
                elif y / now > x / old:
                    better += chance
            rows.append(dict(old=[old, int(a)], now=[now, int(b)], p=float(p_of(a, b)), worse=float(worse), better=float(better)))
    return rows


def sign_flips():
    rng = np.random.default_rng(9)
    cases = [[1], [1, 1, 1, 1, 1], [-1, -1, 1], [4, -3, 2, 2, -1], [0, 0, 5], [6, 3, 3, -3, 9, 12, -6]]
    cases += [[int(x) for x in rng.integers(-4, 4, size=size)] for size in (8, 12, 16)]
    rows = []
    for values in cases:
        sums = np.zeros(1)
        for v in values:
            sums = np.concatenate([sums + v, sums - v])
        p = float(np.mean(np.abs(sums) >= abs(sum(values))))
        if len(values) > 1:
            # Over all signs SciPy's own test counts the same.
            own = stats.permutation_test((np.array(values),), np.sum, permutation_type="samples", n_resamples=np.inf)
            assert abs(own.pvalue - p) < 1e-12, (values, own.pvalue, p)
        rows.append(dict(differences=values, p=p))
    return rows


out = pathlib.Path(__file__).parent.parent / "assets" / "statistics" / "attempts.json"
out.write_text(json.dumps(dict(scipy=scipy.__version__, drawn=drawn(), byItself=by_itself(), tested=tested(), signFlips=sign_flips()), indent=1) + "\n")
