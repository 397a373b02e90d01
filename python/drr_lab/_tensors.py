"""Reads `model.safetensors`: eight bytes that tell the length of a header in JSON, the header, numbers."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Dict

from ._errors import Error

if TYPE_CHECKING:
    import numpy as np

# Names of the format's types, and NumPy's. What NumPy has no type for, such as BF16, drr-lab never writes.
TYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "<i1", "U64": "<u8",
         "U32": "<u4", "U16": "<u2", "U8": "<u1", "BOOL": "?"}


def read(path: Path, content: bytes) -> "Dict[str, np.ndarray]":
    """The arrays of a file by name; they can be written to. `path` is for messages.

    >>> header = b'{"w":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]}}'
    >>> data = len(header).to_bytes(8, "little") + header + b"\\0\\0\\x80?\\0\\0\\0@"
    >>> read(Path("model.safetensors"), data)["w"].tolist()
    [[1.0, 2.0]]
    """
    import numpy as np

    try:
        start = 8 + int.from_bytes(content[:8], "little")
        header = json.loads(content[8:start])
        arrays = {}
        for name, about in header.items():
            if name != "__metadata__":
                first, end = about["data_offsets"]
                if not 0 <= first <= end <= len(content) - start:
                    raise ValueError(f"{name} lies outside of the file")
                flat = np.frombuffer(content[start + first : start + end], TYPES[about["dtype"]])
                arrays[name] = flat.reshape(about["shape"]).copy()
        return arrays
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Error(f"{path} is no safetensors file: {error}", "drr-lab verify tells which files were changed") from None
