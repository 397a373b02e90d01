"""Recommendations are those of the program: DRR's by `drr-lab runs top`, to the bit of each score; the others' by what
their evaluations recorded of the very lists."""

import hashlib
import json
import tempfile
import unittest
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from . import place

import drr_lab


def listed(trial: str, user: str, *options: str) -> "list[tuple[str, str, np.float32, object]]":
    """What `drr-lab runs top` lists."""
    said = place.run("runs", "top", trial, f"--user={user}", "--output", "json", *options)
    return [(it["id"], it["title"], np.float32(it["score"]), it["stars"]) for it in json.loads(said.stdout)["items"]]


def recommended(policy: "drr_lab._policy.Policy", user: str, *options: object) -> "list[tuple[str, str, np.float32, object]]":
    return [(it.item, it.title, np.float32(it.score), it.rating) for it in policy.recommend(user, *options)]


class Networks(unittest.TestCase):
    def test_drr_recommends_what_the_program_lists(self) -> None:
        every, count = place.load(), 0
        trials = every.trials
        models = trials[(trials["kind"] == "drr") & (trials["seed"] == 0)]
        shapes = {tuple(row[axis] for axis in every.axes) for _, row in models.iterrows()}
        self.assertEqual({shape[0] for shape in shapes}, {"ave", "p", "u", "n"})
        self.assertEqual({shape[1] for shape in shapes}, {"dot", "dot-bias"})
        for _, row in models.iterrows():
            policy = every.policy(row)
            users = policy.users[:100]
            with ThreadPoolExecutor(2) as pool:
                lists = list(pool.map(lambda user: listed(row["trial"], user), users))
            for user, theirs in zip(users, lists):
                self.assertEqual(recommended(policy, user), theirs, (dict(row[every.axes]), user))
                count += len(theirs)
        self.assertGreaterEqual(count, 12 * 100 * 10)

    def test_tanh_has_the_programs_bits(self) -> None:
        """Over the arguments, and with the digest, that hold the program's own (crates/core/src/math.rs)."""
        from drr_lab import _actor

        x = (-12.0 + 24.0 * np.arange(10000) / 10000.0).astype(np.float32)
        bits = _actor.tanh(x).view(np.uint32).astype("<u8")
        self.assertEqual(hashlib.sha256(bits.tobytes()).hexdigest()[:12], "859dcc20f79a")

    def test_options_are_the_programs(self) -> None:
        every = place.load()
        trial = every.trials[every.trials["policy"] == "drr"]["trial"].iloc[0]
        policy = every.policy(trial[:8].upper())
        for user in ("0", "u 19", "77"):
            self.assertEqual(recommended(policy, user, 25, True), listed(trial, user, "-n", "25", "--seen"))
        history = json.loads(place.run("runs", "top", trial, "--user=0", "--output=json").stdout)["history"]
        self.assertEqual(policy.history(0), [item["id"] for item in history])
        self.assertEqual(len(policy.scores("0")), len(policy.items))
        self.assertIn("drr", repr(policy))

    def test_a_written_split_does_as_well(self) -> None:
        every = place.load()
        trial = every.trials[every.trials["kind"] == "drr"]["trial"].iloc[0]
        out = place.folder() / "split-of-every"
        if not out.exists():
            place.run("data", "split", "--sweep", "every.toml", "--out", str(out))
        self.assertEqual(every.policy(trial, split=out).recommend("5"), every.policy(trial).recommend("5"))
        with self.assertRaisesRegex(drr_lab.Error, "holds no split"):
            every.policy(trial, split=place.folder())


class Rankings(unittest.TestCase):
    NAMES = ("pmf", "svdpp", "ials", "pure-svd", "ease", "item-knn", "item-mean", "popularity")

    def test_the_lists_are_those_that_evaluations_described(self) -> None:
        """Of each evaluation: distinct items, items shared by two users, ratings an item, unevenness of places."""
        every = place.load()
        trials = every.trials
        for name in self.NAMES:
            own = trials[trials["policy"] == name]
            self.assertGreaterEqual(len(own), 3, name)
            for _, row in own.iterrows():
                policy = every.policy(row)
                self.compare(name, row, policy, every.spec(row)["settings"]["history"])

    def compare(self, name, row, policy, history) -> None:  # type: ignore[no-untyped-def]
        world = policy.world
        # Users with a history and as many test ratings as the least K, at most a hundred of them, evenly.
        tests = Counter(world.table.user[world.parts.test].tolist())
        able = [user for user in range(len(policy.users))
                if world.latest_positive(user, history)[1] >= history and tests[user] >= 5]
        users = [policy.users[able[at * len(able) // min(len(able), 100)]] for at in range(min(len(able), 100))]
        places = Counter(item.item for user in users for item in policy.recommend(user, 10, seen=True))
        rated = Counter(policy.items[item] for item in world.item.tolist())
        counts, whole = np.sort([places[item] for item in policy.items]), sum(places.values())
        shared = sum(count * (count - 1) for count in places.values()) / (whole * (len(users) - 1))
        ranks = np.arange(1, len(counts) + 1)
        here = {
            "lists/distinct": float(len(places)), "lists/shared": shared,
            "lists/ratings": sum(count * rated[item] for item, count in places.items()) / whole,
            "lists/gini": 2.0 * float((ranks * counts).sum()) / (len(counts) * whole) - (len(counts) + 1) / len(counts)}
        self.assertEqual({metric: row[metric] for metric in here}, here, name)

    def test_errors_on_the_test_part_are_those_recorded(self) -> None:
        """Of models that predict ratings: an inner product added up in another order would move the error."""
        every = place.load()
        for name in ("pmf", "svdpp"):
            row = every.trials[every.trials["kind"] == name].iloc[0]
            policy = every.policy(row)
            world = policy.world
            rows, least, most = world.parts.test, *world.scale.rewards(np.array([1, 5], np.float32))
            scores = np.stack([policy.scores(user) for user in policy.users])
            predicted = np.clip(scores[world.table.user[rows], world.table.item[rows]], least, most)
            apart = (predicted - world.scale.rewards(world.table.rating[rows])).astype(float)
            error = world.scale.unit * float(np.sqrt(np.cumsum(apart * apart)[-1] / len(apart)))
            self.assertAlmostEqual(error, row["test_rmse_stars"], delta=1e-14)

    def test_a_model_is_the_policy_that_ranks_by_it(self) -> None:
        every = place.load()
        trials = every.trials
        for name in ("pmf", "svdpp", "ials", "pure-svd", "ease", "item-knn"):
            evaluation = trials[(trials["policy"] == name) & (trials["seed"] == 1)].iloc[0]
            model = every.spec(evaluation)["upstream"][name]
            self.assertEqual(every.policy(evaluation).recommend("3"), every.policy(model).recommend("3"), name)

    def test_what_is_not_computed_here_is_named(self) -> None:
        every = place.load()
        for name in ("random", "oracle", "repeat-history"):
            trial = every.trials[every.trials["policy"] == name].iloc[0]
            with self.assertRaisesRegex(drr_lab.Error, f"is of {name}, whose recommendations are not computed"):
                every.policy(trial)
        pmf = every.policy(every.trials[every.trials["kind"] == "pmf"].iloc[0])
        with self.assertRaisesRegex(drr_lab.Error, "there is no user 'nobody'; there are 120, the first is '0'"):
            pmf.recommend("nobody")
        commands = place.load("commands")
        with self.assertRaisesRegex(drr_lab.Error, "whose recommendations are not computed in Python"):
            commands.policy(commands.trials.iloc[0])
        elsewhere = drr_lab.load(place.recorded(), sweep="every", data=place.folder() / "nowhere")
        with self.assertRaisesRegex(drr_lab.Error, "the ratings of mine are not in"):
            elsewhere.policy(every.trials.iloc[0])


class Splits(unittest.TestCase):
    RULES = {
        "random": ["test=0.25", "seed=7"], "by-user": ["seed=3"], "temporal": ["seed=7"],
        "time": ["test=0.1", "min_per_user=26", "min_per_item=40"], "leave-last": ["last=3", 'ties="item"'],
        "folds": ["fold=2", "folds=7"], "given": ['from="given.csv"']}

    def test_ratings_are_divided_as_the_program_does(self) -> None:
        from drr_lab import _ratings, _split

        place.recorded()
        data, lines = place.folder() / "data", place.ratings().split("\n")
        known = json.loads((data / "mine/dataset.json").read_text())
        table = _ratings.open_table(data, "mine", known["fingerprint"])
        (place.folder() / "given.csv").write_text("\n".join(lines[:1] + lines[1:-1:4]) + "\n")
        for kind, settings in self.RULES.items():
            for held_out in ("test", "validation"):
                with self.subTest(kind=kind, held_out=held_out), tempfile.TemporaryDirectory() as out:
                    words = [f"--set=split.{it}" for it in [f'kind="{kind}"', f'held_out="{held_out}"', *settings]]
                    said = place.run("data", "split", "mine", "--out", out, "--output=json", *words)
                    parts = _split.divide(table, json.loads(said.stdout)["split"], data)
                    for name, rows in (("train", parts.train), (held_out, parts.test)):
                        written = place.of_csv((Path(out) / f"{name}.csv").read_text())
                        pairs = [(table.users[table.user[row]], table.items[table.item[row]]) for row in rows]
                        self.assertEqual(sorted(pairs), sorted((line["user"], line["item"]) for line in written))
                        self.assertGreater(len(pairs), 50)
                    read, again = _ratings.from_folder(Path(out), None)
                    self.assertEqual(len(again.train), len(parts.train))
                    self.assertLessEqual(set(read.users), set(table.users))

    def test_what_is_drawn_anew_moves_what_follows(self) -> None:
        """A draw that cannot be shared out evenly comes once in 2^64 / bound; here it is made to come."""
        from drr_lab._stream import Stream

        stream, plain = Stream(1, "split"), Stream(1, "split")
        bits = plain.take(6)
        stream._left = np.concatenate([bits[:2], np.zeros(1, np.uint64), bits[2:]])
        bounds = np.array([10, 7, 7, 9, 5])
        self.assertEqual(stream.below(bounds), [int(bit) * int(bound) >> 64 for bit, bound in zip(bits.tolist(), bounds)])


if __name__ == "__main__":
    unittest.main()
