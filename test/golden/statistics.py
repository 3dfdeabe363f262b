"""Reference values for src-main/shared/domain/statistics, from SciPy and statsmodels.

    python3 test/golden/statistics.py        writes test/assets/statistics/reference.json

Needs numpy, scipy and statsmodels. Everything is seeded: the same versions write the same file.
"""

import json
import pathlib

import numpy as np
import scipy
import statsmodels
import statsmodels.api as sm
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint


def wilson():
    cases = [(0, 10), (10, 10), (1, 3), (39, 397), (11, 397), (64, 1319), (3, 100_000), (50_000, 100_000)]
    return [
        dict(hits=h, total=n, level=level, bounds=proportion_confint(h, n, alpha=1 - level, method="wilson"))
        for h, n in cases
        for level in (0.9, 0.95, 0.99)
    ]


def exact_mcnemar():
    cases = [(15, 4), (40, 20), (20, 6), (60, 60), (39, 11), (0, 0), (0, 1), (1, 0), (700, 500), (3000, 2000), (27, 138)]
    return [dict(negative=b, positive=c, p=mcnemar([[0, b], [c, 0]], exact=True).pvalue if b + c else 1.0) for b, c in cases]


def adjusted():
    rng = np.random.default_rng(7)
    lists = [[0.01, 0.04, 0.03, 0.005], [0.2], [0.02, 0.02, 0.02], list(rng.uniform(size=25) ** 3)]
    return [
        dict(p=p, holm=list(multipletests(p, method="holm")[1]), bh=list(multipletests(p, method="fdr_bh")[1]))
        for p in lists
    ]


def excess():
    cases = [(5, 10, 20, 100), (0, 10, 20, 100), (2, 10, 20, 100), (10, 10, 20, 100), (1, 50, 1, 60), (120, 1500, 764, 11_371),
             (70, 1500, 764, 11_371), (400, 1000, 5_000, 100_000), (40, 1000, 5_000, 100_000), (15, 30, 80, 100)]
    return [dict(hits=k, size=n, totalHits=K, total=N, p=stats.hypergeom.sf(k - 1, N, K, n)) for k, n, K, N in cases]


def t_intervals():
    return [
        dict(values=v, bounds=stats.t.interval(0.95, len(v) - 1, loc=np.mean(v), scale=stats.sem(v)))
        for v in ([1.0, 2.0, 4.0], [0.93, 1.07, 1.1, 0.99, 1.21], [-3.0, 5.0])
    ]


def bootstraps():
    """SciPy's percentile intervals of a mean: ours are expanded, so they agree where there are many groups."""
    rng = np.random.default_rng(11)
    cases = []
    for values in (rng.normal(-0.2, 1, 400), rng.exponential(1, 300) - 1.2):
        rounded = np.round(values, 4)
        interval = stats.bootstrap((rounded,), np.mean, n_resamples=20_000, method="percentile", rng=rng).confidence_interval
        cases.append(dict(values=list(rounded), standardError=stats.sem(rounded), bounds=[interval.low, interval.high]))
    return cases


def clustered():
    """Design effects from statsmodels' cluster-robust variance of a mean."""
    rng = np.random.default_rng(13)
    cases = []
    for clusters, spread in ((12, 0.3), (60, 0.1), (40, 0.0)):
        ids, kinds = [], []
        for cluster in range(clusters):
            rate = np.clip(0.15 + spread * rng.normal(), 0, 1)
            for _ in range(int(rng.integers(3, 30))):
                ids.append(cluster)
                kinds.append("negative" if rng.uniform() < rate else ("positive" if rng.uniform() < 0.1 else "kept-right"))
        cases.append(dict(clusters=ids, kinds=kinds, **{name: effect(ids, kinds, value) for name, value in (
            ("nfr", dict(negative=1)), ("pfr", dict(positive=1)), ("net", dict(negative=-1, positive=1)))}))
    return cases


def effect(ids, kinds, value):
    y = np.array([float(value.get(kind, 0)) for kind in kinds])
    fit = sm.OLS(y, np.ones_like(y)).fit(cov_type="cluster", cov_kwds=dict(groups=np.array(ids)))
    return float(max(1, fit.bse[0] ** 2 / (y.var() / len(y))))


def clustered_slices():
    """Wilson's interval of a slice on its effective samples: statsmodels' interval, with t of the slice's groups in place of z."""
    rng = np.random.default_rng(17)
    cases = []
    for case in clustered()[:2]:
        inside = rng.uniform(size=len(case["kinds"])) < 0.4
        ids = np.array(case["clusters"])[inside]
        kinds = np.array(case["kinds"])[inside]
        groups = len(set(ids))
        level = 2 * stats.norm.sf(stats.t.ppf(0.975, groups - 1))
        bounds = {}
        for name, kind in (("nfr", "negative"), ("pfr", "positive")):
            deff = effect(ids, kinds, {kind: 1})
            hits = (kinds == kind).sum()
            bounds[name] = proportion_confint(hits / deff, len(kinds) / deff, alpha=level, method="wilson")
        cases.append(dict(clusters=case["clusters"], kinds=case["kinds"], inside=[bool(one) for one in inside], **bounds))
    return cases


def power():
    """Exact power of the exact McNemar test, by enumeration."""
    cases = []
    for n, b, c in ((200, 0.10, 0.04), (500, 0.08, 0.05), (1000, 0.015, 0.004), (300, 0.05, 0.05)):
        total = 0.0
        for m in range(n + 1):
            minority = np.arange(m + 1)
            p = np.minimum(1, 2 * stats.binom.cdf(np.minimum(minority, m - minority), m, 0.5))
            total += stats.binom.pmf(m, n, b + c) * stats.binom.pmf(minority, m, b / (b + c))[p <= 0.05].sum()
        cases.append(dict(total=n, negativeRate=b, positiveRate=c, power=total))
    return cases


reference = dict(
    versions=dict(numpy=np.__version__, scipy=scipy.__version__, statsmodels=statsmodels.__version__),
    wilson=wilson(),
    mcnemar=exact_mcnemar(),
    adjusted=adjusted(),
    excess=excess(),
    tIntervals=t_intervals(),
    bootstrap=bootstraps(),
    clustered=clustered(),
    clusteredSlices=clustered_slices(),
    mcnemarPower=power(),
)
target = pathlib.Path(__file__).parents[1] / "assets" / "statistics" / "reference.json"
target.parent.mkdir(parents=True, exist_ok=True)
target.write_text(json.dumps(reference, separators=(",", ":"), default=float) + "\n")
print(target)
