"""Tiny networks for insightface: one finds bright faces, one describes them."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

SIZE = 128
STRIDES = (8, 16, 32)
FACE_STRIDE = 8
FACE = 48
ANCHORS = 2
CROP = 112
FEATURES = 16
OPSET, IR_VERSION = 15, 8
STEEPNESS = 8.0
BRIGHT = 0.45
NEVER = 2.0
# In strides, from the middle of a face: half its side; eyes, nose and the corners of the mouth.
HALF = FACE / FACE_STRIDE / 2
POINTS = (-1.0, -1.0, 1.0, -1.0, 0.0, 0.0, -0.8, 1.2, 0.8, 1.2)


def scores(stride: int) -> Iterator[onnx.NodeProto]:
    """Yield what scores the cells of one stride: high in the middle of what is bright."""
    edge = (FACE - stride) // 2
    yield helper.make_node(
        "AveragePool",
        ["grey"],
        [f"bright_{stride}"],
        kernel_shape=[FACE] * 2,
        strides=[stride] * 2,
        pads=[edge] * 4,
    )
    threshold = "bright" if stride == FACE_STRIDE else "never"
    yield helper.make_node("Sub", [f"bright_{stride}", threshold], [f"above_{stride}"])
    yield helper.make_node("Mul", [f"above_{stride}", "steepness"], [f"steep_{stride}"])
    yield helper.make_node("Sigmoid", [f"steep_{stride}"], [f"cells_{stride}"])
    yield helper.make_node("Reshape", [f"cells_{stride}", "column"], [f"column_{stride}"])
    yield helper.make_node("Expand", [f"column_{stride}", "anchors"], [f"anchors_{stride}"])
    yield helper.make_node("Reshape", [f"anchors_{stride}", "column"], [f"score_{stride}"])


def geometry(stride: int) -> dict[str, NDArray[np.float32]]:
    """Return the boxes and points of a stride's cells, the same for all, in strides."""
    cells = ANCHORS * (SIZE // stride) ** 2
    # A cell is known by its corner, and its middle is half a stride further.
    rows = {"box": np.array([HALF - 0.5] * 2 + [HALF + 0.5] * 2), "points": np.array(POINTS) + 0.5}
    return {kind: np.tile(row, (cells, 1)).astype(np.float32) for kind, row in rows.items()}


def write_detector(path: Path) -> None:
    """Write a detector whose outputs are those of SCRFD: scores, boxes and points a stride."""
    nodes = [helper.make_node("ReduceMean", ["image"], ["grey"], axes=[1], keepdims=1)]
    weights = [
        numpy_helper.from_array(np.array(STEEPNESS, np.float32), "steepness"),
        numpy_helper.from_array(np.array(BRIGHT, np.float32), "bright"),
        numpy_helper.from_array(np.array(NEVER, np.float32), "never"),
        numpy_helper.from_array(np.array([-1, 1]), "column"),
        numpy_helper.from_array(np.array([1, ANCHORS]), "anchors"),
    ]
    sizes: dict[str, list[int]] = {}
    for stride in STRIDES:
        nodes += scores(stride)
        sizes[f"score_{stride}"] = [ANCHORS * (SIZE // stride) ** 2, 1]
        for kind, table in geometry(stride).items():
            weights.append(numpy_helper.from_array(table, f"{kind}_table_{stride}"))
            nodes.append(
                helper.make_node("Identity", [f"{kind}_table_{stride}"], [f"{kind}_{stride}"])
            )
            sizes[f"{kind}_{stride}"] = list(table.shape)
    names = [f"{kind}_{stride}" for kind in ("score", "box", "points") for stride in STRIDES]
    outputs = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, sizes[name]) for name in names
    ]
    write(path, nodes, weights, outputs, SIZE)


def write_describer(path: Path, seed: int) -> None:
    """Write a network of one convolution whose features belong to this seed."""
    random = np.random.default_rng(seed)
    weights = [
        numpy_helper.from_array(random.normal(0, scale, shape).astype(np.float32), name)
        for name, scale, shape in (
            ("kernel", 0.2, (FEATURES, 3, 7, 7)),
            ("head", 0.5, (FEATURES * 16, FEATURES)),
        )
    ]
    nodes = [
        helper.make_node("Conv", ["image", "kernel"], ["felt"], strides=[7, 7]),
        helper.make_node("Tanh", ["felt"], ["bent"]),
        helper.make_node("AveragePool", ["bent"], ["seen"], kernel_shape=[4, 4], strides=[4, 4]),
        helper.make_node("Flatten", ["seen"], ["flat"]),
        helper.make_node("MatMul", ["flat", "head"], ["features"]),
    ]
    output = helper.make_tensor_value_info("features", TensorProto.FLOAT, [1, FEATURES])
    write(path, nodes, weights, [output], CROP)


def write(
    path: Path,
    nodes: list[onnx.NodeProto],
    weights: list[onnx.TensorProto],
    outputs: list[onnx.ValueInfoProto],
    side: int,
) -> None:
    """Check a network that sees square images with these sides, and write it."""
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, side, side])
    graph = helper.make_graph(nodes, path.stem, [image], outputs, weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)])
    model.ir_version = IR_VERSION
    onnx.checker.check_model(model)
    onnx.save(model, str(path))
