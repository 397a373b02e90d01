"""Writes an actor as ONNX, for runtimes other than Python. Needs the package `onnx`: pip install 'drr-lab[onnx]'."""

from pathlib import Path
from typing import Any, List

import numpy as np

from ._actor import LEAST_LENGTH, Actor
from ._errors import Error

# What onnxruntime and others have read for years.
OPSET, IR = 13, 8


def save(actor: Actor, path: Path, scores: bool) -> None:
    """Writes the file: states [batch, size] in, actions [batch, k] out, and scores [batch, items], if they are asked for.
    A runtime adds up in an order of its own, so that the last digits differ from those of `Policy.action`."""
    try:
        import onnx
        from onnx import TensorProto, helper, numpy_helper
    except ImportError:
        raise Error("onnx is not installed", "pip install onnx") from None
    k = actor.items.shape[1]
    nodes: List[Any] = []
    constants: List[Any] = []

    def constant(name: str, value: Any) -> str:
        constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def node(kind: str, inputs: List[str], output: str, **attributes: Any) -> str:
        nodes.append(helper.make_node(kind, inputs, [output], name=output, **attributes))
        return output

    x = "state"
    for at, (weight, bias) in enumerate(actor.layers):
        words = [constant(f"actor.{at}.weight", weight), constant(f"actor.{at}.bias", bias)]
        x = node("Gemm", [x, *words], f"sum.{at}", transB=1)
        if at < 2:
            x = node("Relu", [x], f"hidden.{at}")
    size = len(actor.layers[-1][1])
    if actor.is_bounded:
        x = node("Tanh", [x], "bounded")
    x = node("Mul", [x, constant("range", np.float32(actor.range))], "ranged")
    if actor.base == "pmf":
        bounds = [constant(name, np.array([value], np.int64)) for name, value in (("first", 0), ("last", k), ("axis", 1))]
        base = node("Slice", ["state", *bounds], "factors")
        if size > k:
            ones = np.zeros((k, size), np.float32)
            np.fill_diagonal(ones, 1)
            shift = np.zeros(size, np.float32)
            shift[k:] = 1
            base = node("Gemm", [base, constant("widened", ones), constant("one", shift)], "base")
        x = node("Add", [x, base], "departed")
    if actor.is_unit:
        length = node("ReduceL2", [x], "length", axes=[1], keepdims=1)
        x = node("Div", [x, node("Add", [length, constant("least", LEAST_LENGTH)], "divisor")], "unit")
    node("Identity", [x], "action")
    outputs = [helper.make_tensor_value_info("action", TensorProto.FLOAT, ["batch", size])]
    if scores:
        vectors = np.concatenate([actor.items, actor.bias[:, None]], 1) if actor.has_bias else actor.items
        node("MatMul", ["action", constant("items", vectors.T)], "scores")
        outputs.append(helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["batch", len(vectors)]))
    state = helper.make_tensor_value_info("state", TensorProto.FLOAT, ["batch", actor.layers[0][0].shape[1]])
    graph = helper.make_graph(nodes, "actor", [state], outputs, constants)
    model = helper.make_model(graph, producer_name="drr-lab", opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR)
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString())
