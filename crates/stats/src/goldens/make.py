"""Makes rliable.json: what rliable, scipy and numpy say on fixed matrices. Needed once, kept to make it again:

    python3 -m venv v && v/bin/pip install rliable==1.2.0 "pandas<3" scipy && v/bin/python crates/stats/src/goldens/make.py
"""

import json
import pathlib

import numpy as np
import rliable.metrics as metrics
from rliable import library
import scipy
import scipy.stats as stats

generator = np.random.default_rng(20261123)
thresholds = [round(0.05 * i, 2) for i in range(21)]


def matrix(runs, tasks, ties):
    scores = generator.beta(4, 2, size=(runs, tasks))
    return np.round(scores, 2) if ties else scores


cases = []
for runs, tasks, ties in [(3, 4, False), (5, 4, False), (5, 4, True), (10, 1, False), (7, 26, True)]:
    x, y = matrix(runs, tasks, ties), matrix(runs + 2, tasks, ties)
    cases.append({
        "x": x.T.tolist(),
        "y": y.T.tolist(),
        "iqm": metrics.aggregate_iqm(x),
        "profile": library.create_performance_profile({"x": x}, np.array(thresholds), reps=10)[0]["x"].tolist(),
        "improvement": metrics.probability_of_improvement(x, y).item(),
    })

paired = []
for n in [3, 5, 8, 30]:
    differences = generator.normal(0.4, 1.0, size=n)
    row = {"differences": differences.tolist(), "t": {}, "wilcoxon": {}, "permutation": {}}
    for side in ["two-sided", "greater", "less"]:
        row["t"][side] = stats.ttest_1samp(differences, 0, alternative=side).pvalue.item()
        row["wilcoxon"][side] = stats.wilcoxon(differences, alternative=side, method="exact").pvalue.item()
        if n <= 8:
            test = stats.permutation_test((differences, np.zeros(n)), lambda a, b: np.mean(a - b),
                                          permutation_type="samples", alternative=side, n_resamples=np.inf)
            row["permutation"][side] = test.pvalue.item()
    paired.append(row)

scores = generator.gamma(2.0, 1.0, size=25)
bootstrap = {"scores": scores.tolist()}
for method in ["percentile", "BCa"]:
    interval = stats.bootstrap((scores,), np.mean, n_resamples=200_000, method=method, batch=10_000,
                               rng=np.random.default_rng(1)).confidence_interval
    bootstrap[method] = [interval.low.item(), interval.high.item()]

small = generator.normal(0.7, 0.02, size=6)
other = generator.normal(0.71, 0.03, size=4)
welch = stats.ttest_ind(small, other, equal_var=False).confidence_interval(0.9)
equivalence = {"ours": small.tolist(), "theirs": [other.mean().item(), other.std(ddof=1).item(), 4],
               "welch90": [welch.low.item(), welch.high.item()]}

path = pathlib.Path(__file__).with_name("rliable.json")
path.write_text(json.dumps({"made_with": {"scipy": scipy.__version__, "numpy": np.__version__},
                            "thresholds": thresholds, "cases": cases, "paired": paired, "bootstrap": bootstrap,
                            "equivalence": equivalence}) + "\n")
