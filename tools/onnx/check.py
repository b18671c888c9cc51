"""Checks exported ONNX files with the ONNX project's own checker and shape inference.

    python -m venv v && v/bin/pip install -r tools/onnx/requirements.txt && v/bin/python tools/onnx/check.py FILE.onnx ...

For each file: full check (single assignment, operator schemas, types and ranks by strict shape inference), then the
number of nodes, of values whose type was inferred, and of values without one. Ends with 1 when a file is refused.
A folder stands for all `.onnx` files in it.
"""

import collections
import pathlib
import sys

import onnx


def files(arguments):
    for argument in arguments:
        path = pathlib.Path(argument)
        yield from sorted(path.rglob("*.onnx")) if path.is_dir() else [path]


def inspect(path):
    """Returns a line of figures; raises what the checker raises."""
    onnx.checker.check_model(str(path), full_check=True)
    model = onnx.load(str(path), load_external_data=False)
    inferred = onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
    typed = {value.name for value in inferred.graph.value_info if value.type.tensor_type.elem_type}
    typed |= {value.name for value in inferred.graph.output}
    made = {name for node in model.graph.node for name in node.output if name}
    casts = sum(node.op_type == "Cast" for node in model.graph.node)
    kinds = collections.Counter(
        onnx.TensorProto.DataType.Name(initializer.data_type) for initializer in model.graph.initializer
    )
    constants = " ".join(f"{kind}:{count}" for kind, count in sorted(kinds.items()))
    return (
        f"opset {model.opset_import[0].version}, {len(model.graph.node)} nodes, {casts} casts, "
        f"{len(made & typed)}/{len(made)} values typed, constants {constants}"
    )


def main(arguments):
    bad = 0
    count = 0
    for path in files(arguments):
        count += 1
        try:
            print(f"{path}: {inspect(path)}")
        except Exception as error:  # the checker has several kinds
            bad += 1
            print(f"{path}: REFUSED {str(error).splitlines()[0]}")
    print(f"{count} files, {bad} refused")
    return 1 if bad or not count else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
