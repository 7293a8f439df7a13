"""Trains three networks with PyTorch in float64 and writes what every engine of nudge is compared with.

Needs PyTorch and NumPy: python3 test/pytorch/make.py
"""

import json
import struct
from pathlib import Path

import numpy as np
import torch
from torch import nn, optim

STEPS = 10
SAMPLES = 50
BATCH = 20
SIGMOID, TANH, RELU = nn.Sigmoid, nn.Tanh, nn.ReLU


def gelu():
    return nn.GELU(approximate="tanh")


def squared_error(outputs, labels):
    """The sum over the outputs, averaged over the samples; `outputs` are the activations."""
    targets = nn.functional.one_hot(labels, outputs.shape[1]).to(outputs.dtype)
    return ((outputs - targets) ** 2).sum(dim=1).mean()


# The settings for nudge are in test/support/pytorch.ts.
RUNS = {
    "lecture": {
        "layers": [36, 16, 16, 10],
        "activations": [SIGMOID, SIGMOID, SIGMOID],
        "cost": squared_error,
        "optimizer": lambda p: optim.SGD(p, lr=3.0),
    },
    "clipped": {
        "layers": [30, 24, 13, 7],
        "activations": [RELU, TANH, None],
        "cost": nn.functional.cross_entropy,
        "optimizer": lambda p: optim.SGD(p, lr=0.2, momentum=0.9, nesterov=True, weight_decay=0.001),
        "schedule": lambda o: optim.lr_scheduler.StepLR(o, step_size=4, gamma=0.5),
        "clip": 0.5,
    },
    "adamw": {
        "layers": [41, 19, 5],
        "activations": [gelu, None],
        "cost": nn.functional.cross_entropy,
        "optimizer": lambda p: optim.AdamW(p, lr=0.02, betas=(0.8, 0.95), eps=1e-6, weight_decay=0.05),
        "schedule": lambda o: optim.lr_scheduler.CosineAnnealingLR(o, T_max=STEPS, eta_min=0.001),
    },
}


def build(layers, activations):
    parts = []
    for inputs, outputs, activation in zip(layers, layers[1:], activations):
        parts.append(nn.Linear(inputs, outputs))
        parts += [activation()] if activation else []
    return nn.Sequential(*parts)


def flat(model):
    """Weights [outputs, inputs] and biases of each layer, one after another."""
    return np.concatenate([p.detach().numpy().ravel() for p in model.parameters()])


def train(layers, activations, cost, optimizer, schedule=None, clip=None):
    # Engines begin with float32, so PyTorch begins with the same numbers.
    model = build(layers, activations).float()
    initial = flat(model).astype("<f4")
    model = model.double()
    features = torch.randint(0, 256, (SAMPLES, layers[0]), dtype=torch.uint8)
    labels = torch.randint(0, layers[-1], (SAMPLES,))
    steps = optimizer(model.parameters())
    rates = schedule(steps) if schedule else None
    costs = []
    for step in range(STEPS):
        # Epochs in the order of the data; the last batch of an epoch has the samples that are left.
        start = step % -(-SAMPLES // BATCH) * BATCH
        batch = slice(start, start + BATCH)
        steps.zero_grad()
        loss = cost(model(features[batch].double() / 255), labels[batch])
        loss.backward()
        if clip is not None:
            nn.utils.clip_grad_norm_(model.parameters(), clip)
        steps.step()
        if rates is not None:
            rates.step()
        costs.append(loss.item())
    return {
        "initial": initial,
        "features": features.numpy(),
        "labels": labels.numpy().astype("u1"),
        "costs": np.array(costs, "<f8"),
        "trained": flat(model).astype("<f8"),
    }


def write(path, tensors, metadata):
    """safetensors: the length of a JSON header, the header, the data. https://huggingface.co/docs/safetensors"""
    names = {"<f8": "F64", "<f4": "F32", "|u1": "U8"}
    # Larger elements first, so that all are aligned.
    ordered = sorted(tensors.items(), key=lambda item: -item[1].itemsize)
    header, at = {"__metadata__": metadata}, 0
    for name, values in ordered:
        header[name] = {
            "dtype": names[values.dtype.str],
            "shape": list(values.shape),
            "data_offsets": [at, at + values.nbytes],
        }
        at += values.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(values.tobytes() for _, values in ordered))


torch.manual_seed(1)
tensors = {}
for name, run in RUNS.items():
    tensors.update({f"{name}.{part}": values for part, values in train(**run).items()})
write(Path(__file__).with_name("runs.safetensors"), tensors, {"made by": f"PyTorch {torch.__version__}"})
