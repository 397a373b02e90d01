"""Models as arrays, as files of NumPy, and as ONNX."""

import json
import shutil
import unittest

import numpy as np

from . import place

import drr_lab


class Models(unittest.TestCase):
    def test_arrays_are_those_of_the_file(self) -> None:
        every = place.load()
        for kind in ("pmf", "drr", "ease", "svdpp", "item-knn"):
            row = every.trials[every.trials["kind"] == kind].iloc[0]
            arrays = every.model(row)
            content = (place.recorded() / "trials" / row["trial"] / "model.safetensors").read_bytes()
            header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
            self.assertEqual(set(arrays), set(header) - {"__metadata__"})
            whole = b"".join(arrays[name].tobytes() for name in sorted(header, key=lambda it: header[it]["data_offsets"]))
            self.assertTrue(content.endswith(whole) and len(whole) > 100)
            self.assertTrue(all(array.dtype == np.float32 and array.flags.writeable for array in arrays.values()))

    def test_a_trial_is_named_by_an_id_its_beginning_or_a_row(self) -> None:
        every, polars = place.load(), place.load(frames="polars")
        row = every.trials[every.trials["kind"] == "pmf"].iloc[0]
        name = row["trial"]
        of_polars = polars.trials.row(0, named=True)
        frame = every.trials[every.trials["trial"] == name]
        tuples = next(frame[["trial", "seed"]].itertuples())
        for given in (name, name[:10], name[:10].upper(), row, tuples, frame, polars.trials.filter(
                polars.trials["trial"] == name)):
            self.assertEqual(every.trial(given), name)
        self.assertEqual(polars.trial(of_polars), of_polars["trial"])
        for wrong, says in (("abc", "4 or more"), ("../..", "hexadecimal"), ("0" * 64, "no trial's id begins"),
                            (7, "names no trial"), (every.trials, "names no trial")):
            with self.assertRaisesRegex(drr_lab.Error, says):
                every.trial(wrong)
        alike = place.folder() / "alike/runs/trials"
        for digit in "12":
            (alike / (name[:20] + digit * 44)).mkdir(parents=True, exist_ok=True)
        shutil.copyfile(place.recorded() / "lab.db", alike.parent / "lab.db")
        with self.assertRaisesRegex(drr_lab.Error, "trials' ids begin with .*; give more digits: "):
            drr_lab.load(alike.parent, sweep="every").trial(name[:8])

    def test_a_changed_model_is_refused(self) -> None:
        every = place.load()
        name = every.trials[every.trials["kind"] == "pmf"]["trial"].iloc[0]
        runs = place.folder() / "changed"
        (runs / "trials").mkdir(parents=True, exist_ok=True)
        shutil.copyfile(place.recorded() / "lab.db", runs / "lab.db")
        shutil.copytree(place.recorded() / "trials" / name, runs / "trials" / name, dirs_exist_ok=True)
        changed = drr_lab.load(runs, sweep="every", data=place.folder() / "data")
        model = runs / "trials" / name / "model.safetensors"
        self.assertTrue(changed.model(name))
        content = bytearray(model.read_bytes())
        content[-1] ^= 1
        model.write_bytes(content)
        for use in (changed.model, changed.policy, changed.embeddings):
            with self.assertRaisesRegex(drr_lab.Error, "model.safetensors was changed; `drr-lab verify`"):
                use(name)
        model.unlink()
        with self.assertRaisesRegex(drr_lab.Error, "model.safetensors is gone"):
            changed.model(name)
        (runs / "trials" / name / "result.json").unlink()
        with self.assertRaisesRegex(drr_lab.Error, "is not finished; run its sweep again"):
            changed.model(name)
        spec = runs / "trials" / name / "spec.json"
        spec.write_bytes(spec.read_bytes().replace(b'"seed":0', b'"seed":9'))
        with self.assertRaisesRegex(drr_lab.Error, "spec.json was changed"):
            changed.spec(name)
        evaluation = every.trials[every.trials["policy"] == "pmf"].iloc[0]
        with self.assertRaisesRegex(drr_lab.Error, "leaves no model; its kind is offline"):
            every.model(evaluation)

    def test_no_file_of_tensors_is_an_error(self) -> None:
        from drr_lab import _tensors

        for content in (b"", b"\xff" * 20, b"\x02\0\0\0\0\0\0\0[]", b"\x0c\0\0\0\0\0\0\0{\"a\":{\"b\":1}}",
                        (b'{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}')):
            data = content if not content.startswith(b"{") else len(content).to_bytes(8, "little") + content + b"\0" * 4
            with self.assertRaisesRegex(drr_lab.Error, "is no safetensors file"):
                _tensors.read(place.folder() / "x", data)


class Embeddings(unittest.TestCase):
    def test_they_are_files_of_numpy(self) -> None:
        every = place.load()
        for name in ("drr", "pmf", "ials", "svdpp"):
            trial = every.trials[every.trials["policy"] == name].iloc[0]
            vectors = every.embeddings(trial)
            files = vectors.save(place.folder() / f"vectors-{name}")
            saved = {path.stem: np.load(path) for path in files}
            np.testing.assert_array_equal(saved["items"], vectors.items)
            self.assertEqual(len(saved["users"]), len(saved["user_ids"]))
            self.assertEqual(saved["item_ids"].tolist(), every.policy(trial).items)
            self.assertEqual("item_bias" in saved, name != "ials")
        # What a factorisation ranks by is the product of these vectors.
        policy, vectors = every.policy(trial), every.embeddings(trial)
        scores = (vectors.items @ vectors.users[0] + vectors.arrays["item_bias"] + vectors.arrays["user_bias"][0]
                  + every.model(every.spec(trial)["upstream"]["svdpp"])["mean"][0]) / policy.world.scale.unit
        np.testing.assert_allclose(scores, policy.scores(policy.users[0]), rtol=1e-4, atol=1e-5)
        for name in ("item-mean", "ease"):
            with self.assertRaisesRegex(drr_lab.Error, "no vectors"):
                every.embeddings(every.trials[every.trials["policy"] == name].iloc[0])
        elsewhere = drr_lab.load(place.recorded(), sweep="every", data=place.folder() / "nowhere")
        self.assertIsNone(elsewhere.embeddings(trial).ids)


class Onnx(unittest.TestCase):
    def test_another_runtime_acts_alike(self) -> None:
        import onnxruntime

        every = place.load()
        models = every.trials[(every.trials["kind"] == "drr") & (every.trials["seed"] == 0)]
        self.assertGreaterEqual(len(models), 12)
        for _, row in models.iterrows():
            policy, path = every.policy(row), place.folder() / "actor.onnx"
            policy.save_onnx(path, scores=True)
            session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
            users = policy.users[:20]
            states = np.stack([policy.state(user) for user in users])
            actions, scores = session.run(["action", "scores"], {"state": states})
            np.testing.assert_allclose(actions, np.stack([policy.action(user) for user in users]), rtol=1e-4, atol=1e-5)
            np.testing.assert_allclose(scores, np.stack([policy.scores(user) for user in users]), rtol=1e-4, atol=1e-5)
            policy.save_onnx(path)
            session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
            self.assertEqual([output.name for output in session.get_outputs()], ["action"])

    def test_without_onnx_it_says_what_to_install(self) -> None:
        from unittest import mock

        every = place.load()
        policy = every.policy(every.trials[every.trials["kind"] == "drr"].iloc[0])
        with mock.patch.dict("sys.modules", {"onnx": None}), self.assertRaisesRegex(drr_lab.Error, "pip install onnx"):
            policy.save_onnx(place.folder() / "never.onnx")


if __name__ == "__main__":
    unittest.main()
