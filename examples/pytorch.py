"""Loads a network that nudge saved into PyTorch: python3 examples/pytorch.py network.safetensors"""

import json
import struct
import sys

import torch

ACTIVATIONS = {
    "sigmoid": torch.nn.Sigmoid(),
    "tanh": torch.nn.Tanh(),
    "relu": torch.nn.ReLU(),
    "leaky-relu": torch.nn.LeakyReLU(0.01),
    "gelu": torch.nn.GELU(approximate="tanh"),
    "linear": torch.nn.Identity(),
    "softmax": torch.nn.Softmax(dim=1),
}


def load(path):
    # If the package safetensors is installed, safetensors.torch.load_file does the same.
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header, body = json.loads(file.read(length)), bytearray(file.read())
    network, model = header.pop("__metadata__"), torch.nn.Sequential()
    for layer in range(len(header) // 2):
        weight, bias = (
            torch.frombuffer(body[slice(*entry["data_offsets"])], dtype=torch.float32).reshape(entry["shape"])
            for entry in (header[f"layers.{layer}.{name}"] for name in ("weight", "bias"))
        )
        linear = torch.nn.Linear(weight.shape[1], weight.shape[0])
        linear.load_state_dict({"weight": weight, "bias": bias})
        is_last = 2 * layer + 2 == len(header)
        model.extend([linear, ACTIVATIONS[network["output" if is_last else "activation"]]])
    return model


if __name__ == "__main__":
    print(load(sys.argv[1]))
