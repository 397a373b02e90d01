"""Computes what a sweep recorded a second time, from its models and the ratings alone, and compares every number.

    drr-lab data split ml-100k --out ml-100k-split
    drr-lab report quickstart
    python3 recompute.py --runs runs --split ml-100k-split --report reports/quickstart quickstart

Of each finished trial of the sweep: the errors of a factorisation and of SVD++ on the test part; what is measured
offline at K, of every repeat and over all; rewards online of policies that do not learn, answered by the factorisation
they stand on. Of the report: mean, standard deviation, 95 % interval, least, median and greatest of every cell, and of
every difference to the reference its interval, effect, p and p after Holm.

A value further than 1e-12 from the recorded one (of the value, where that is above 1) is named with its trial and
metric, and the exit code is 1. So it is where nothing could be computed. What this script does not know how to
compute, or under which settings, is counted at the end: how models were trained, what learns online, users' lists.

A trial's split is told by the error of always saying the train part's mean, which its factorisation records. Where a
sweep has several (a fold or a seed each), give --split for each. A folder with a validation part lacks the ratings of
the test part, and perhaps ids, by which users and items are numbered: give the split with the test part as well.

Two items whose scores differ in the last bit may change places, and the rest of a session with them. So scores are
made to the bit: an inner product is sixteen sums side by side, added up in halves (`inner`); a layer of the actor is
chains of fused multiply-adds (`fused`); tanh is the formula of crates/core/src/math.rs. Sums over users, repeats and
seeds run in the program's order, of which in double precision the last digit depends. Needs numpy; nothing of drr-lab.
"""

import argparse
import csv
import hashlib
import json
import math
import sys
from collections import Counter, defaultdict
from functools import lru_cache
from pathlib import Path

import numpy as np

F = np.float32
NEAR = 1e-12


class Unknown(Exception):
    """Nothing here computes this."""


def total(values):
    """The sum, added up one after another."""
    return float(np.cumsum(np.asarray(values, float))[-1]) if len(values) else 0.0


class Stream:
    """A named random stream: ChaCha8 keyed by SHA-256 of seed and name; many blocks are computed at once."""

    def __init__(self, seed, name):
        key = hashlib.sha256(b"drr-lab stream\0" + seed.to_bytes(8, "little") + name.encode()).digest()
        self.key, self.block, self.left = np.frombuffer(key, "<u4"), 0, []

    def bits(self):
        if not self.left:
            self.left = self.next_blocks(min(16 + 16 * self.block, 4096))[::-1].tolist()
        return self.left.pop()

    def below(self, bound):
        return self.bits() * bound >> 64  # One draw in 2^64 / bound would be made again.

    def shuffled(self, items):
        items = list(items)
        for last in range(len(items) - 1, 0, -1):
            other = self.below(last + 1)
            items[last], items[other] = items[other], items[last]
        return items

    def next_blocks(self, count):
        words = [*np.frombuffer(b"expand 32-byte k", "<u4"), *self.key, 0, 0, 0, 0]
        start = np.repeat(np.array(words, np.uint32)[:, None], count, 1)
        start[12] = np.arange(self.block, self.block + count)
        self.block += count
        x = start.reshape(4, 4, count).copy()
        for turn in (1, -1) * 4:  # Columns, then diagonals.
            for p, q, r, bits in ((0, 1, 3, 16), (2, 3, 1, 12), (0, 1, 3, 8), (2, 3, 1, 7)):
                x[p] += x[q]
                mixed = x[r] ^ x[p]
                x[r] = mixed << np.uint32(bits) | mixed >> np.uint32(32 - bits)
            for row in (1, 2, 3):
                x[row] = x[row][[(at + turn * row) % 4 for at in range(4)]]
        words = (x.reshape(16, count) + start).T.astype(np.uint64)
        return (words[:, 0::2] | words[:, 1::2] << np.uint64(32)).ravel()


# --- Single precision, to the bit.


def inner(a, b):
    """a · b over the last axis: product j goes into sum j mod 16, and the sums' halves are added until one is left."""
    products = a * b
    products = np.pad(products, [(0, 0)] * (products.ndim - 1) + [(0, -products.shape[-1] % 16)])
    sums = products[..., :16].copy()
    for at in range(16, products.shape[-1], 16):
        sums += products[..., at : at + 16]
    for width in (8, 4, 2, 1):
        sums = sums[..., :width] + sums[..., width : 2 * width]
    return sums[..., 0]


def fused(x, weight):
    """x · weightᵀ, each element a chain of fused multiply-adds in the order of the inner dimension.

    A product of two single-precision numbers is exact in double precision. The sum is rounded there and then again to
    single precision, which is rounding once unless the first result lies halfway between two: then it is moved."""
    sums = np.zeros((len(x), len(weight)))
    for own, column in zip(x.T.astype(float), weight.T.astype(float)):
        product = own[:, None] * column
        wide = product + sums
        halfway = (wide.view(np.int64) & 0x1FFFFFFF) == 0x10000000
        if halfway.any():
            own = wide - sums
            lost = (sums - (wide - own)) + (product - own)
            moved = np.nextafter(wide, np.copysign(np.inf, lost))
            wide = np.where(halfway & (lost != 0), moved, wide)
        sums = wide.astype(F).astype(float)
    return sums.astype(F)


def tanh(x):
    a = np.minimum(np.abs(x), F(9.02))
    z, small, y, whole = a * a, F(0), F(2) * a, F(12582912)
    for c in (-0.0055909916, 0.020538796, -0.05370965, 0.13331091, -0.3333327):
        small = z * (F(c) + small)
    shifted = y * F(math.log2(math.e)) + whole  # Its last bits hold the nearest whole power of 2.
    n = shifted - whole
    r, series = (y - n * F(0.6933594)) - n * F(-2.1219444e-4), F(1) / F(720)
    for divisor in (120, 24, 6, 2, 1, 1):
        series = F(1) / F(divisor) + r * series
    power = ((shifted.view(np.int32) - whole.view(np.int32) + 127) << 23).view(F)
    return np.copysign(np.where(a < F(0.64), a + a * small, F(1) - F(2) / (series * power + F(1))), x)


# --- Ratings and models.


def identity(text):
    """Ids that are whole numbers by value and before words, words by their bytes."""
    plain = text.isascii() and text.isdigit() and (text == "0" or text[0] != "0")
    return (0, int(text), b"") if plain else (1, 0, text.encode())


class Log:
    """One part's ratings, by user and item."""

    def __init__(self, rows, users, least):
        rows, self.positives = sorted(rows), defaultdict(list)
        self.user, self.item = (np.array([row[at] for row in rows], int) for at in (0, 1))
        self.reward = np.array([row[2] for row in rows], F)
        self.relevant = self.reward >= least
        self.start = np.searchsorted(self.user, np.arange(users + 1))
        for user, _, item in sorted((user, time, item) for user, item, reward, time in rows if reward >= least):
            self.positives[user].append(item)

    def of(self, user):
        return np.arange(self.start[user], self.start[user + 1])


class World:
    """A division of all known ratings as trials see it, under a rule that makes rewards of them."""

    def __init__(self, parts, known, rule):
        names = [sorted({row[column] for row in known}, key=identity) for column in ("user", "item")]
        users, items = ({name: at for at, name in enumerate(own)} for own in names)
        if rule.get("scale", "1..5").startswith("log"):
            raise Unknown("on a logarithmic scale")
        low, high = map(F, rule.get("scale", "1..5").split(".."))
        reward = lambda rating: (F(rating) - (low + high) / F(2)) / ((high - low) / F(2))
        self.users, self.items = len(users), len(items)
        self.unit, self.centre = float(high - low) / 2, float(high + low) / 2
        self.least = reward(rule["positive"]) if "positive" in rule else np.finfo(F).tiny
        made = lambda row: (users[row["user"]], items[row["item"]], reward(row["rating"]), int(row["timestamp"]))
        self.train, self.test = (Log(map(made, part), self.users, self.least) for part in parts)
        rewards = [reward(row["rating"]) for row in known]
        self.range, mean = (min(rewards), max(rewards)), total(self.train.reward) / len(parts[0])
        self.mean_rmse = self.unit * math.sqrt(total((self.test.reward.astype(float) - mean) ** 2) / len(parts[1]))

    def history(self, protocol, user, n):
        """The items that a session's history starts from, oldest first; None for too few."""
        if protocol == "cold":
            return []
        own = (self.test if protocol == "published" else self.train).positives.get(user, [])
        return None if len(own) < n else own[:n] if protocol == "published" else own[len(own) - n :]

    def means(self, shrinkage):
        """Each item's mean reward in the train part, as if so many ratings at the mean of all had come before."""
        rewards = self.train.reward.astype(float)
        sums, count = (np.bincount(self.train.item, weights, self.items) for weights in (rewards, None))
        mean, weight = total(rewards) / len(rewards), count + shrinkage
        return np.where(weight > 0, (sums + shrinkage * mean) / np.maximum(weight, 1e-300), mean).astype(F)


def tensors(path):
    """A safetensors file: the length of a header in JSON, the header, numbers."""
    data = path.read_bytes()
    start = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:start])
    read = lambda it: np.frombuffer(data[start:], "<f4")[it["data_offsets"][0] // 4 : it["data_offsets"][1] // 4]
    return {name: read(it).reshape(it["shape"]) for name, it in header.items() if name != "__metadata__"}


class Pmf:
    def __init__(self, path, world):
        self.p, self.q, self.user_bias, self.bias = map(
            tensors(path).get, ("user.embedding", "item.embedding", "user.bias", "item.bias"))
        if (len(self.p), len(self.q)) != (world.users, world.items):
            sys.exit(f"{path} has other users and items than the splits: give the split that has all ratings, too")

    def predict(self, users, items):
        return inner(self.p[users], self.q[items]) + self.user_bias[users] + self.bias[items]

    def score(self, action, items):
        """By an action [k], or [k + 1] where the last coordinate weighs an item's bias."""
        k = self.q.shape[1]
        scores = inner(self.q[items], action[:k])
        return scores + action[k] * self.bias[items] if len(action) > k else scores


class Actor:
    """DRR's actor: makes states of users and histories, and of these the actions that score items."""

    def __init__(self, folder, pmf):
        self.model, self.pmf = tensors(folder / "model.safetensors"), pmf
        self.settings = json.loads((folder / "spec.json").read_text())["settings"]

    def __call__(self, users, histories):
        s, w, p, q = self.settings, self.model["state.weight"], self.pmf.p[users], self.pmf.q[histories]
        weighted, n, k = w[:, None] * q, len(w), p.shape[1]
        pairs = [weighted[:, a] * weighted[:, b] for a in range(n) for b in range(a + 1, n)]
        plain, seen = ([of[:, a] for a in range(n)] for of in (q, p[:, None] * weighted))
        g = np.cumsum(weighted, 1, dtype=F)[:, -1]
        states = {"ave": [p, p * g, g], "n": plain, "p": plain + pairs, "u": seen + pairs}
        if s["state"] not in states:
            raise Unknown(f"of states {s['state']}")
        x = state = np.concatenate(states[s["state"]], 1)
        for layer in range(3):
            x = fused(x, self.model[f"actor.{layer}.weight"]) + self.model[f"actor.{layer}.bias"]
            x = np.maximum(x, F(0)) if layer < 2 else x
        action = F(s.get("action_range", 1)) * (tanh(x) if s.get("bounding", "tanh") == "tanh" else x)
        if s.get("action_base", "none") == "pmf":
            action[:, :k] += state[:, :k]
            action[:, k:] += F(1)
        if s.get("action_norm", "none") == "unit":
            action /= (np.sqrt(inner(action, action)) + F(1e-6))[:, None]
        return action


def ranking(trial, world, pmf, s):
    """Scores by a policy that never changes, of items for a user, some of whose answers are known; None for others."""
    kind, own, train = trial.policy, trial.spec["policy"].get("settings", {}), world.train
    if kind in ("ease", "pure-svd", "ials", "svdpp"):
        return stored(kind, tensors(trial.below(kind) / "model.safetensors"), world)
    known_to = lambda user: world.history(s["protocol"], user, s["history"]) or []
    means = world.means(own.get("shrinkage", 5.0))
    counted = {"positive": train.relevant, "all": train.relevant | True}[own.get("counts", "positive")]
    counts = np.bincount(train.item[counted], minlength=world.items)
    known = {
        "pmf": lambda user, items, answers: pmf.predict(user, items),
        "item-mean": lambda user, items, answers: means[items],
        "popularity": lambda user, items, answers: counts[items],
        "repeat-history": lambda user, items, answers: means[items] + F(8) * np.isin(items, known_to(user)),
        "oracle": lambda user, items, answers: np.where(np.isnan(answers), np.finfo(F).min, answers),
        "worst": lambda user, items, answers: np.where(np.isnan(answers), np.finfo(F).max, -answers),
        **dict.fromkeys(["random", "drr", "drr-untrained"])}
    if kind not in known:
        raise Unknown(f"by {kind}")
    return known[kind]


def stored(kind, model, world):
    """The ranking of a model of items' weights or of factors: double precision, one product after another."""
    log, of = world.train, lambda name: model[name].astype(float)
    if kind == "ease":
        values = (log.relevant | True, log.relevant, log.reward.astype(float) * world.unit + world.centre)
        values, weights = values[int(model["values"][0])].astype(float), of("item.weights")
        factors = lambda user, items: (values[log.of(user)], weights[np.ix_(items, log.item[log.of(user)])])
    else:
        p, q = of("user.factors"), of("item.factors")
        factors = lambda user, items: (p[user], q[items])

    def score(user, items, answers=None):
        row, columns = factors(user, items)
        sums = sum((columns * row).T, np.zeros(len(items))).astype(F)
        if kind == "svdpp":
            biases = model["user.bias"][user] + model["item.bias"][items]
            sums = ((model["mean"][0] + biases + sums).astype(float) / world.unit).astype(F)
        return sums

    return score


# --- Evaluations.

# What an evaluation can be told: words, the usual one first; the usual number; None where its settings always say it.
ALWAYS = {"protocol": ("published", "strict", "cold"), "k": None, "repeats": None, "history": None}
SETTINGS = {
    "offline": {
        **ALWAYS, "users": None, "epsilon": (0.0,), "candidates": ("rated", "unseen", "sampled"), "sampled": 100,
        "history_items": ("stay", "leave"), "least_test": 0, "least_relevant": 0, "relevant": ("positive", "rated"),
        "denominator": ("k", "candidates", "relevant"), "gain": ("reward", "binary", "exponential", "rating"),
        "ideal": ("k", "all", "list"), "ties": ("first", "last", "drawn"), "measures": ("short", "long")},
    "online": {
        **ALWAYS, "steps": None, "epsilon": None, "learning_starts": None, "simulator": ("own",), "rounding": 0.0}}


def settings(trial):
    """An evaluation's settings, the usual ones too. What is not known here cannot be passed over."""
    known, own = SETTINGS[trial.kind], trial.spec["settings"]
    for name, value in own.items():
        if name not in known or isinstance(known[name], tuple) and value not in known[name]:
            raise Unknown(f"with {name} = {value}")
    return {name: usual[0] if isinstance(usual, tuple) else usual for name, usual in known.items()} | own


@lru_cache(4)
def candidates(world, seed, protocol, history, which, sampled, stay, ties):
    """Of everybody with a history items and rewards, NaN for what is not rated, in the order in which equals come."""
    every, starts = {}, {user: world.history(protocol, user, history) for user in range(world.users)}
    for user in (user for user in starts if starts[user] is not None):
        items, rewards = world.test.item[world.test.of(user)], world.test.reward[world.test.of(user)]
        if which != "rated":
            is_new = np.ones(world.items, bool)
            is_new[items] = is_new[world.train.item[world.train.of(user)]] = False
            others = np.flatnonzero(is_new)
            if which == "sampled":
                others = np.array(Stream(seed, f"eval/offline/sampled/{user}").shuffled(others)[:sampled], int)
            items, rewards = np.append(items, others), np.append(rewards, np.full(len(others), F("nan")))
        order = np.argsort(items)[:: -1 if ties == "last" else 1]
        order = order[~np.isin(items[order], starts[user])] if stay == "leave" else order
        if ties == "drawn":
            order = np.array(Stream(seed, f"eval/offline/ties/{user}").shuffled(order), int)
        every[user] = items[order], rewards[order]
    return every


def sessions(world, s, policy, field, users, most, stream):
    """The places among their candidates of what users are recommended; who draws, draws for many a step at a time."""
    if policy.ranking:
        return [np.argsort(-policy.ranking(user, *field[user]), kind="stable")[:most] for user in users]
    lists, left = [[] for _ in users], [list(range(len(field[user][0]))) for user in users]
    if policy.random:
        each = {"rated": 1, "unseen": world.items, "sampled": s["sampled"]}[s["candidates"]]
        together = min(max(2**22 // each, 1), 512)
        for first in range(0, len(users), together):
            for _ in range(most):
                for row in range(first, min(first + together, len(users))):
                    if left[row]:
                        lists[row].append(left[row].pop(stream.below(len(left[row]))))
        return [np.array(own, int) for own in lists]
    scores, moved, users = [None] * len(users), list(range(len(users))), np.array(users)
    histories = np.array([world.history(s["protocol"], user, s["history"]) for user in users])
    for _ in range(most):
        for row, action in zip(moved, policy.actor(users[moved], histories[moved]) if moved else []):
            scores[row] = policy.pmf.score(action, field[users[row]][0])
            scores[row][lists[row]] = -np.inf
        moved = []
        for row in (row for row in range(len(users)) if len(lists[row]) < len(left[row])):
            lists[row].append(at := np.argmax(scores[row]))
            scores[row][at] = -np.inf
            item, reward = (of[at] for of in field[users[row]])
            if reward >= world.least or policy.actor.settings.get("remembers") == "any" and not np.isnan(reward):
                histories[row] = [*histories[row, 1:], item]
                moved.append(row)
    return [np.array(own, int) for own in lists]


def worth(world, s, rewards):
    """Whether candidates are relevant, and what NDCG gains from them: NaN from what is not rated."""
    relevant = rewards >= world.least if s["relevant"] == "positive" else ~np.isnan(rewards)
    rating = rewards.astype(float) * world.unit + world.centre
    gain = {"reward": np.maximum(rewards + F(1.25), F(0)), "binary": relevant, "exponential": 2**rating - 1,
            "rating": np.maximum(rating, 0)}[s["gain"]]
    return relevant, np.where(np.isnan(rewards), np.nan, gain)


def judged(s, relevant, gain, own, k):
    """What a list of places among a user's candidates is worth."""
    discounted = lambda gains: total(gains / np.log2(np.arange(len(gains)) + 2.0))
    gained, hits, all_ = np.nan_to_num(gain[own[:k]]), relevant[own[:k]], int(relevant.sum())
    best = np.sort(gained if s["ideal"] == "list" else gain[~np.isnan(gain)])[::-1]
    ideal = discounted(best if s["ideal"] == "all" else best[:k])
    most = {"k": k, "candidates": min(k, len(gain)), "relevant": min(k, all_)}[s["denominator"]]
    short = {"precision": hits.sum() / max(most, 1), "ndcg": discounted(gained) / ideal if ideal > 0 else 0.0}
    first = 1 / (np.argmax(hits) + 1) if hits.any() else 0.0
    long = {"recall": hits.sum() / max(all_, 1), "hit": float(hits.any()), "mrr": first}
    return short if s["measures"] == "short" else short | long


def offline(world, policy, s, seed):
    """How many take part, and what is measured in each repeat."""
    counts, points, asked = {}, {}, ("protocol", "history", "candidates", "sampled", "history_items", "ties")
    field = candidates(world, seed, *(s[name] for name in asked))
    value = {user: worth(world, s, rewards) for user, (_, rewards) in field.items()}
    able = {k: [user for user, (relevant, gain) in value.items() if relevant.sum() >= s["least_relevant"]
                and np.count_nonzero(~np.isnan(gain)) >= (s["least_test"] or k)] for k in s["k"]}
    everybody = [] if policy.random else sorted(set().union(*able.values()))
    whole = dict(zip(everybody, sessions(world, s, policy, field, everybody, max(s["k"]), None)))
    for k, own in able.items():
        counts[f"users@{k}"] = len(own)
        each = {user: judged(s, *value[user], whole[user], k) for user in everybody}
        for repeat in range(s["repeats"] if s["users"] else 1):
            stream = Stream(seed, f"eval/offline/{s['protocol']}/{k}/{repeat}")
            users = [own[stream.below(len(own))] for _ in range(s["users"])] or own
            lists, scores = [whole.get(user) for user in users], [each.get(user) for user in users]
            if policy.random:
                lists = sessions(world, s, policy, field, users, k, stream)
                scores = [judged(s, *value[user], places, k) for user, places in zip(users, lists)]
            for name in scores[0]:
                points[f"{name}@{k}", repeat] = total([of_user[name] for of_user in scores]) / len(users)
            if s["measures"] == "long":
                items = np.concatenate([field[user][0][places[:k]] for user, places in zip(users, lists)])
                points[f"coverage@{k}", repeat] = len(np.unique(items)) / world.items
    return counts, points


def online(world, policy, s, seed):
    """The same of sessions over all items. The logs answer, else what the factorisation predicts, perhaps rounded."""
    everybody = [user for user in range(world.users) if world.history(s["protocol"], user, s["history"]) is not None]
    items, points, simulated = np.arange(world.items), {}, 0

    @lru_cache(None)
    def begin(user):
        """Answers, whether they are simulated, scores, and who is a candidate, item by item."""
        is_simulated, candidates = np.ones((2, world.items), bool)
        answers, low = np.clip(policy.pmf.predict(user, items), *world.range), world.range[0]
        if s["rounding"] > 0:
            step = F(s["rounding"] / world.unit)
            answers = low + np.floor(((answers - low) / step).astype(float) + 0.5).astype(F) * step
        for log in (world.test, world.train):
            own = log.item[log.of(user)]
            answers[own], is_simulated[own] = log.reward[log.of(user)], False
        if s["protocol"] != "published":
            candidates[world.train.item[world.train.of(user)]] = False
        scores = policy.ranking(user, items, answers) if policy.ranking else answers
        return answers, is_simulated, scores, candidates

    for k in s["k"]:
        for repeat in range(s["repeats"]):
            stream, order, made = Stream(seed, f"eval/online/{s['protocol']}/{k}/{repeat}"), list(everybody), []
            while len(made) < s["steps"]:
                order = stream.shuffled(order)
                for user in (user for user in order if len(made) < s["steps"]):
                    answers, is_simulated, scores, candidates = begin(user)
                    candidates = candidates.copy()
                    for _ in range(min(k, s["steps"] - len(made), candidates.sum())):
                        if s["epsilon"] > 0 and stream.bits() >> 11 < s["epsilon"] * 2.0**53 or policy.random:
                            item = np.nonzero(candidates)[0][stream.below(int(candidates.sum()))]
                        else:
                            item = np.argmax(np.where(candidates, scores, -np.inf))
                        candidates[item] = False
                        made.append(answers[item])
                        simulated += int(is_simulated[item])
            points[f"reward@{k}", repeat] = total(made) / len(made)
    return {"users": len(everybody), "answers/simulated": simulated / (len(points) * s["steps"])}, points


# --- Statistics of a report.


def beta(x, rest, a, b):
    """The regularised incomplete beta function at x, where rest = 1 - x, by its continued fraction (Lentz)."""
    if x > (a + 1) / (a + b + 2):
        return 1 - beta(rest, x, b, a)
    front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    front += a * math.log(max(x, 1e-300)) + b * math.log(rest)
    c, d, value = 1.0, 1 / (1 - (a + b) * x / (a + 1)), 1 / (1 - (a + b) * x / (a + 1))
    for m in range(1, 1000):
        for term in (m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
                     -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))):
            d, c = 1 / (1 + term * d), 1 + term / c
            value *= c * d
        if abs(c * d - 1) < 1e-16:
            break
    return math.exp(front) / a * value


def survival(t, freedom):
    """P(T > t) of Student's t, t ≥ 0."""
    whole = freedom + t * t
    return 0.5 * beta(freedom / whole, t * t / whole, freedom / 2, 0.5)


@lru_cache(None)
def quantile(tail, freedom):
    """The t with P(T > t) = tail, below one half: bisection down to neighbouring numbers."""
    low, high = 0.0, 1e6
    while low < (low + high) / 2 < high:
        middle = (low + high) / 2
        low, high = (middle, high) if survival(middle, freedom) > tail else (low, middle)
    return low


def summary(scores):
    """n, mean, sample standard deviation, least, median, greatest."""
    own, n = sorted(scores), len(scores)
    mean = total(own) / n
    std = math.sqrt(total([(score - mean) ** 2 for score in own]) / (n - 1)) if n > 1 else None
    return n, mean, std, own[0], (own[(n - 1) // 2] + own[n // 2]) / 2, own[-1]


def interval(scores, least):
    """The 95 % interval of the mean."""
    if len(scores) < least:
        return None
    n, mean, std = summary(scores)[:3]
    half = quantile(0.025, n - 1) * std / math.sqrt(n)
    return [mean - half, mean + half]


def t_test(differences, least):
    """The two-sided p of Student's paired test."""
    if len(differences) < least:
        return None
    n, mean, std = summary(differences)[:3]
    return 2 * survival(abs(mean) / (std / math.sqrt(n)), n - 1) if std > 0 else float(mean == 0)


def holm(p):
    adjusted, least, order = [None] * len(p), 0.0, [at for at, one in enumerate(p) if one is not None]
    for rank, at in enumerate(sorted(order, key=lambda at: p[at])):
        adjusted[at] = least = min(max(least, p[at] * (len(order) - rank)), 1.0)
    return adjusted


def by_seed(row, metric, trials):
    """The score of each seed: its trial's, or the mean of as many as each seed has."""
    values, own = defaultdict(list), [trials[name] for name in row["trials"]]
    for trial in own:
        values[trial.seed] += [trial.metrics[metric]] if metric in trial.metrics else []
    most = max(Counter(trial.seed for trial in own).values(), default=1)
    return {seed: total(values[seed]) / most for seed in sorted(values) if len(values[seed]) == most}


def check_cells(table, where, trials, check):
    """A table of metrics, cell by cell, from the results of the row's trials."""
    for row in table["rows"]:
        own = [trials[name] for name in row["trials"]]
        for metric, cell in row["cells"].items():
            scores, place = by_seed(row, metric, trials), f"{where}, {row['policy']} {row['point']}"
            if not scores or not cell:
                check("cells without a number", place, metric, cell, scores or None)
                continue
            n, mean, std, low, median, high = summary(scores.values())
            std = own[0].metrics.get(f"{metric}/std") if len(own) == 1 else std
            at_k = f"users@{metric.partition('@')[2]}"
            counts = [trial.metrics.get(at_k, trial.metrics.get("users")) for trial in own]
            users = [min(counts), max(counts)] if "@" in metric and None not in counts else None
            here = {"n": n, "mean": mean, "std": std, "min": low, "median": median, "max": high, "users": users,
                    "interval": interval(scores.values(), table["interval"]["least_n"]),
                    "by_seed": [list(pair) for pair in scores.items()]}
            for name, value in here.items():
                check(f"report's {name}", place, metric, cell[name], value)


def check_differences(table, where, parent, trials, check):
    """Differences by seed. A line's trials are those of its row, then those of the reference's row."""
    least, compared = parent["interval"]["least_n"], defaultdict(list)
    for line in table["rows"]:
        row, other = next((row, other) for row in parent["rows"] for other in parent["rows"]
                          if row is not other and row["trials"] + other["trials"] == line["trials"])
        compared[line["cells"]["metric"]].append((line["cells"], row, other))
    for metric, own in compared.items():
        reference, rows = by_seed(own[0][2], metric, trials), [row for _, row, _ in own]
        if len(own) == 100:  # More are not shown, and corrected for all the same.
            rows += [row for row in parent["rows"] if row["cells"][metric] and row not in rows and row is not own[0][2]]
        scores = [by_seed(row, metric, trials) for row in rows]
        apart = [[one[seed] - reference[seed] for seed in sorted(one) if seed in reference] for one in scores]
        p = [t_test(differences, least) for differences in apart]
        for (cells, row, _), differences, one, corrected in zip(own, apart, p, holm(p)):
            n, mean, std = summary(differences)[:3]
            effect = mean / std * (1 - 3 / (4 * (n - 1) - 1)) if n >= 3 and std > 0 else None
            here = {"difference": mean, "95 % interval": interval(differences, least), "p (t)": one,
                    "p (Holm)": corrected, "effect": effect, "pairs": n}
            for name, value in here.items():
                check(f"report's {name}", f"{where}, {row['policy']} {row['point']}", metric, cells[name], value)


def check_report(folder, trials, check, left):
    tables = {path.stem: json.loads(path.read_text()) for path in sorted(Path(folder, "tables").glob("*.json"))}
    if not tables:
        sys.exit(f"{folder} has no tables in JSON")
    for name, table in tables.items():
        foreign = sorted({trial for row in table["rows"] for trial in row["trials"]} - set(trials))
        if foreign:
            check("report's trials", name, "of another sweep", foreign, [])
        elif table.get("kind") is None:
            check_cells(table, name, trials, check)
        elif table["kind"] == "against":
            check_differences(table, name, tables[table["of"]], trials, check)
        else:
            left[f"table of the report, of kind {table['kind']}"] += 1


# --- What is compared.


class Checks:
    """Compares what is recorded with what came out here: numbers, or lists of them."""

    def __init__(self):
        self.groups, self.failures = defaultdict(lambda: [0, 0.0]), []

    def __call__(self, group, where, metric, recorded, here):
        one, other = (np.ravel(np.array([None] if it is None else it, object)) for it in (recorded, here))
        count, worst = len(one), 0.0 if len(one) == len(other) else math.inf
        for a, b in zip(one, other):
            numbers = isinstance(a, (int, float)) and isinstance(b, (int, float, np.number))
            apart = abs(float(a) - float(b)) / max(1.0, abs(float(a))) if numbers else 0.0 if a is b else math.inf
            worst = max(worst, math.inf if math.isnan(apart) else apart)
        self.groups[group] = [self.groups[group][0] + count, max(self.groups[group][1], worst)]
        if worst > NEAR:
            self.failures.append(f"{where}: {metric} is recorded as {recorded}, here it is {here}")


class Trial:
    def __init__(self, trials, name):
        self.name, self.trials, self.folder = name, trials, trials / name
        text = (self.folder / "spec.json").read_bytes()
        if hashlib.sha256(text).hexdigest() != name:
            sys.exit(f"{name}: its spec.json is that of another trial")
        self.spec, result = json.loads(text), json.loads((self.folder / "result.json").read_text())
        self.metrics, self.environment, self.seed = result["metrics"], result["environment"], self.spec["seed"]
        self.kind, self.policy = self.spec.get("kind"), self.spec.get("policy", {}).get("kind")

    def below(self, kind):
        return self.trials / self.spec["upstream"][kind]

    def points(self):
        lines = (self.folder / "journal.jsonl").read_text().splitlines()[1:]
        return {(name, step): value for line in lines for name, step, value in json.loads(line)["points"]}


class Policy:
    """What an evaluation evaluates: a ranking, an actor, or draws."""

    def __init__(self, trial, world, s):
        self.pmf = Pmf(trial.below("pmf") / "model.safetensors", world)
        self.ranking, self.random = ranking(trial, world, self.pmf, s), trial.policy == "random"
        self.actor = Actor(trial.below("drr"), self.pmf) if trial.policy.startswith("drr") else None


def again(trial, world):
    """Final metrics and those of repeats, from the models below."""
    if trial.environment != {"device": "cpu", "numerics": "own-1"}:
        raise Unknown("computed by other arithmetic")
    if trial.kind in ("pmf", "svdpp"):
        log, path = world.test, trial.folder / "model.safetensors"
        score = Pmf(path, world).predict if trial.kind == "pmf" else stored("svdpp", tensors(path), world)
        predicted = np.concatenate([score(user, log.item[log.of(user)]) for user in range(world.users)])
        apart = (np.clip(predicted, *world.range) - log.reward).astype(float)
        errors = {"test_rmse": math.sqrt(total(apart * apart) / len(apart)), "test_mae": total(abs(apart)) / len(apart)}
        in_stars = {f"{name}_stars": world.unit * error for name, error in errors.items()}
        return {**(errors if trial.kind == "pmf" else {}), **in_stars, "mean_rmse_stars": world.mean_rmse}, {}
    if trial.kind not in SETTINGS or trial.kind == "online" and trial.policy.startswith("drr"):
        raise Unknown("learning" if trial.kind == "online" else "measured so" if trial.policy else "training")
    if trial.spec["dataset"].get("synthetic", {}).get("world", "factors") != "factors":
        raise Unknown("in a made-up world with rules of its own")
    s, metrics, values = settings(trial), {}, defaultdict(list)
    counts, points = (offline if trial.kind == "offline" else online)(world, Policy(trial, world, s), s, trial.seed)
    for (name, _), value in points.items():
        values[name].append(value)
    for name, own in values.items():
        metrics[name] = mean = total(own) / len(own)
        if len(own) > 1:
            metrics[f"{name}/std"] = math.sqrt(total([(value - mean) ** 2 for value in own]) / (len(own) - 1))
    return counts | metrics, points


def check_trial(trial, worlds, mean, check):
    """One trial against the world it stands on, which is told by the mean's error."""
    fitting = [world for world in worlds if abs(world.mean_rmse - mean) <= NEAR]
    if not fitting:
        check("splits", trial.name, "mean_rmse_stars", mean, [world.mean_rmse for world in worlds])
        return []
    metrics, points = again(trial, fitting[0])
    recorded = trial.metrics | trial.points()
    for name, value in (metrics | points).items():
        metric = name if name in metrics else name[0]
        check(f"{trial.kind} {metric.split('/std')[0]}", trial.name, name, recorded.get(name), value)
    return [f"{trial.kind} metric {metric.split('/')[0]}" for metric in trial.metrics if metric not in metrics]


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("sweep")
    arguments.add_argument("--runs", default="runs")
    arguments.add_argument("--split", action="append", required=True, metavar="DIR")
    arguments.add_argument("--report", metavar="DIR")
    given = arguments.parse_args()
    check, left, worlds, folder = Checks(), Counter(), {}, Path(given.runs, "trials")
    read = lambda path: list(csv.DictReader(open(path, newline="", encoding="utf-8"))) if path.exists() else []
    parts = [[read(Path(split, f"{name}.csv")) for name in ("train", "test", "validation")] for split in given.split]
    known = [row for split in parts for part in split for row in part]
    lines = Path(given.runs, "sweeps", given.sweep, "trials.jsonl").read_text().splitlines()[1:]
    names = [json.loads(line)["trial"] for line in lines]
    trials = {name: Trial(folder, name) for name in names if (folder / name / "result.json").exists()}
    left["trial without a result"] = len(names) - len(trials)
    for trial in sorted(trials.values(), key=lambda trial: (trial.seed, str(trial.spec["settings"]))):
        try:
            if not 3 <= trial.spec["format"] <= 5 or "split" not in trial.spec:
                raise Unknown("of another format, or without ratings")
            rule = trial.spec.get("reward", {})
            if str(rule) not in worlds:
                worlds[str(rule)] = [World((train, test + rest), known, rule) for train, test, rest in parts]
            below = trial.spec.get("upstream", {}).get("pmf")
            mean = (Trial(folder, below) if below else trial).metrics.get("mean_rmse_stars")
            if mean is None:
                raise Unknown("training" if not trial.policy else "on a split that nothing tells")
            left.update(check_trial(trial, worlds[str(rule)], mean, check))
        except Unknown as unknown:
            left[f"{trial.kind}{f' evaluation of {trial.policy}' if trial.policy else ''}: {unknown}"] += 1
    if given.report:
        check_report(given.report, trials, check, left)
    for group, (count, worst) in check.groups.items():
        print(f"{group}: {count} values, greatest difference {worst:.2g}")
    for what, count in (+left).items():
        print(f"not recomputed: {count} × {what}")
    for failure in check.failures:
        print(f"DIFFERS: {failure}")
    if check.failures or not check.groups:
        sys.exit(f"{len(check.failures)} values differ" if check.failures else "nothing was recomputed")


if __name__ == "__main__":
    main()
