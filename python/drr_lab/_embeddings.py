"""Users' and items' vectors of a model, for other programs: arrays, and files of NumPy."""

from pathlib import Path
from typing import TYPE_CHECKING, Dict, List, Optional, Union

from . import _specs, _tensors
from ._errors import Error

if TYPE_CHECKING:
    import numpy as np

# What the vectors are called in a model's file, and here.
NAMES = {
    "users": ("user.embedding", "user.factors"), "items": ("item.embedding", "item.factors"),
    "user_bias": ("user.bias",), "item_bias": ("item.bias",),
}


class Embeddings:
    """A row a user in `users`, a row an item in `items`; biases where the model has them, ids where the ratings are here."""

    def __init__(self, arrays: "Dict[str, np.ndarray]", ids: Optional[Dict[str, List[str]]]) -> None:
        self.arrays, self.ids = arrays, ids

    @property
    def users(self) -> "np.ndarray":
        """Vectors of the users."""
        return self.arrays["users"]

    @property
    def items(self) -> "np.ndarray":
        """Vectors of the items."""
        return self.arrays["items"]

    def save(self, folder: Union[str, Path]) -> List[Path]:
        """Writes `users.npy`, `items.npy`, biases, and ids as `user_ids.npy` and `item_ids.npy`; tells the files."""
        import numpy as np

        place = Path(folder)
        place.mkdir(parents=True, exist_ok=True)
        files = []
        for name, array in [*self.arrays.items(), *((name, np.array(ids)) for name, ids in (self.ids or {}).items())]:
            files.append(place / f"{name}.npy")
            np.save(files[-1], array, allow_pickle=False)
        return files


def model_of(runs: Path, trial: str) -> str:
    """The trial that holds the vectors: of an evaluation its policy's model, of DRR the factorisation it stands on."""
    spec = _specs.read(runs, trial)
    upstream, evaluated = spec["upstream"], spec.get("policy")
    if evaluated is None:
        return str(upstream["pmf"]) if spec["kind"] == "drr" else trial
    name = "pmf" if evaluated["kind"] in ("drr", "drr-untrained") else evaluated["kind"]
    if name not in upstream:
        raise Error(f"trial {trial[:12]} evaluates {name}, which stands on no vectors", "name a trial of a factorisation")
    return str(upstream[name])


def read(runs: Path, trial: str) -> Embeddings:
    """The vectors of a trial's model, without ids."""
    content = _tensors.read(runs / "trials" / trial / "model.safetensors", _specs.model_bytes(runs, trial))
    arrays = {}
    for name, known in NAMES.items():
        for tensor in known:
            if tensor in content:
                arrays[name] = content[tensor]
    if "users" not in arrays or "items" not in arrays:
        raise Error(f"trial {trial[:12]} holds no vectors of users and items, but {', '.join(content)}",
                    "name a trial of a factorisation; .model(trial) has all arrays")
    return Embeddings(arrays, None)
