"""Loads a recommender that drr-lab trained and makes the same rankings with numpy.

    python3 docs/examples/rank_in_python.py RUNS EVAL_TRIAL DATA_FOLDER

EVAL_TRIAL is the id of an offline evaluation of a DRR policy (`drr-lab runs list SWEEP`). The script reads the
embeddings and the actor from model.safetensors, walks through the same sessions with the same users, and compares
precision@K and NDCG@K of every repeat with the trial's journal: NDCG tells any two orders apart.

Needs numpy and safetensors; nothing of drr-lab.
"""

import hashlib
import json
import math
import struct
import sys
from pathlib import Path

import numpy as np
from safetensors import safe_open
from safetensors.numpy import load_file


class Stream:
    """A named random stream: ChaCha8 keyed by SHA-256(seed, name), as crates/core/src/seed.rs has it."""

    def __init__(self, seed, name):
        key = hashlib.sha256(b"drr-lab stream\0" + struct.pack("<Q", seed) + name.encode()).digest()
        self.key, self.block, self.words = struct.unpack("<8I", key), 0, []

    def bits(self):
        if not self.words:
            self.words = self._next_block()
        low, high = self.words.pop(0), self.words.pop(0)
        return low | high << 32

    def below(self, bound):
        wide = self.bits() * bound
        while (wide & (2**64 - 1)) < (2**64 - bound) % bound:
            wide = self.bits() * bound
        return wide >> 64

    def shuffle(self, items):
        for last in range(len(items) - 1, 0, -1):
            other = self.below(last + 1)
            items[last], items[other] = items[other], items[last]

    def _next_block(self):
        start = [0x61707865, 0x3320646E, 0x79622D32, 0x6B206574, *self.key]
        start += [self.block & 0xFFFFFFFF, self.block >> 32, 0, 0]
        self.block += 1
        x = list(start)

        def quarter(a, b, c, d):
            for p, q, r, turn in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
                x[p] = (x[p] + x[q]) & 0xFFFFFFFF
                y = x[r] ^ x[p]
                x[r] = (y << turn | y >> (32 - turn)) & 0xFFFFFFFF

        for _ in range(4):
            for i in range(4):
                quarter(i, 4 + i, 8 + i, 12 + i)
            for i in range(4):
                quarter(i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4)
        return [(a + b) & 0xFFFFFFFF for a, b in zip(x, start)]


def read_ratings(path):
    """Rows (user, item, reward, time) with users and items numbered as the embeddings' rows are."""
    rows = [line.rstrip("\n").split("\t") for line in open(path, encoding="utf-8")]
    order = lambda text: (0, int(text), "") if text.isdigit() and (text == "0" or text[0] != "0") else (1, 0, text)
    users, items = ({name: at for at, name in enumerate(sorted({row[c] for row in rows}, key=order))} for c in (0, 1))
    return [(users[u], items[i], (float(stars) - 3) / 2, int(time)) for u, i, stars, time in rows]


def split(rows, spec):
    """The train part and the rows held out, as crates/core/src/data/split.rs divides."""
    if spec["kind"] != "random":
        sys.exit("this example divides at random only")

    def divide(numbers, stream):
        order = list(numbers)
        Stream(spec["seed"], stream).shuffle(order)
        held_out = set(order[: math.floor(len(order) * spec["test"] + 0.5)])
        return [at for at in numbers if at not in held_out], [at for at in numbers if at in held_out]

    train, test = divide(list(range(len(rows))), "split")
    if spec.get("held_out") == "validation":
        train, test = divide(train, "split/validation")
    return [rows[at] for at in train], [rows[at] for at in test]


def states(kind, p, q, w, users, histories):
    """s = f(u, H), a row a user, as crates/train/src/state.rs has it."""
    items = q[histories]  # [rows, n, k]
    weighted, own, n = w[None, :, None] * items, p[users], items.shape[1]
    if kind == "ave":
        g = weighted.sum(1)  # [rows, k]
        return np.concatenate([own, own * g, g], 1)
    first = [items[:, a] if kind == "p" else own * weighted[:, a] for a in range(n)]
    pairs = [weighted[:, a] * weighted[:, b] for a in range(n) for b in range(a + 1, n)]
    return np.concatenate(first + pairs, 1)  # [rows, k (n + n(n-1)/2)]


def logs(rows):
    """By user: items ascending with their rewards, and the positive items, oldest first."""
    rated, positive = {}, {}
    for user, item, reward, time in rows:
        rated.setdefault(user, []).append((item, reward))
        if reward > 0:
            positive.setdefault(user, []).append((time, item))
    return ({user: sorted(all_) for user, all_ in rated.items()},
            {user: [item for _, item in sorted(all_)] for user, all_ in positive.items()})


def main(runs, trial, data):
    folder = Path(runs) / "trials"
    trial = next(path.name for path in folder.iterdir() if path.name.startswith(trial))
    spec = json.loads((folder / trial / "spec.json").read_text())
    job = spec["job"]["eval"]
    measure, policy = job["measure"]["offline"], job["policy"]
    if measure["epsilon"] != 0 or not isinstance(policy, dict):
        sys.exit("give an offline evaluation of a DRR policy without exploration")
    drr = next(iter(policy.values()))
    model = folder / drr / "model.safetensors"
    with safe_open(model, "np") as file:
        assert file.metadata()["trial"] == drr, "the model carries its trial's id"
    pmf, actor = load_file(folder / job["pmf"] / "model.safetensors"), load_file(model)
    p, q, n = pmf["user.embedding"], pmf["item.embedding"], job["history"]
    w = actor.get("state.weight", np.ones(n, np.float32))
    networks = json.loads((folder / drr / "spec.json").read_text())["job"]["drr"]["drr"]
    # What an action scores of an item: its embedding, or its embedding and its bias.
    scored = np.column_stack([q, pmf["item.bias"]]) if networks.get("scoring") == "dot-bias" else q

    def action(users, histories):
        x = states(networks["state"], p, q, w, users, histories)
        for layer, function in enumerate((lambda x: np.maximum(x, 0), lambda x: np.maximum(x, 0), np.tanh)):
            x = function(x @ actor[f"actor.{layer}.weight"].T + actor[f"actor.{layer}.bias"])
        return x  # Its length does not change the order of items.

    train, test = split(read_ratings(Path(data) / spec["dataset"]["name"] / "ratings.tsv"), spec["split"])
    (_, train_positive), (rated, test_positive) = logs(train), logs(test)
    published = measure["protocol"] == "published"

    def first_history(user):
        positives = (test_positive if published else train_positive).get(user, [])
        return (positives[:n] if published else positives[-n:]) if len(positives) >= n else None

    lines = (folder / trial / "journal.jsonl").read_text().splitlines()[1:]
    recorded = {(name, step): value for line in lines for name, step, value in json.loads(line)["points"]}
    worst, count = 0.0, 0
    for k in measure["k"]:
        eligible = [user for user in sorted(rated) if len(rated[user]) >= k and first_history(user)]
        for repeat in range(measure["repeats"]):
            stream = Stream(spec["seed"], f"eval/offline/{measure['protocol']}/{k}/{repeat}")
            users = [eligible[stream.below(len(eligible))] for _ in range(measure["users"])]
            histories = [list(first_history(user)) for user in users]
            candidates = [list(rated[user]) for user in users]
            rewards = [[] for _ in users]
            for _ in range(k):
                actions = action(np.array(users), np.array(histories))
                for row in range(len(users)):
                    scores = scored[[item for item, _ in candidates[row]]] @ actions[row]
                    item, reward = candidates[row].pop(int(np.argmax(scores)))
                    rewards[row].append(reward)
                    if reward > 0:
                        histories[row] = histories[row][1:] + [item]
            gain = lambda list_: sum((r + 1.25) / math.log2(rank + 2) for rank, r in enumerate(list_))
            best = lambda user: sorted((r for _, r in rated[user]), reverse=True)[:k]
            precision = sum(sum(r > 0 for r in list_) / k for list_ in rewards) / len(users)
            ndcg = sum(gain(list_) / gain(best(user)) for user, list_ in zip(users, rewards)) / len(users)
            for name, value in (("precision", precision), ("ndcg", ndcg)):
                there = recorded[(f"{name}@{k}", repeat)]
                worst, count = max(worst, abs(there - value)), count + 1
                print(f"{name}@{k} repeat {repeat}: recorded {there:.12f}, here {value:.12f}")
    print(f"{count} values, at most {worst:.1e} apart")
    return 0 if worst < 1e-9 else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]) if len(sys.argv) == 4 else __doc__)
