"""PyTorch and NumPy, asked by pythonPeers.ts: a request a line on standard input, an answer a line on standard output.

Requests and answers are JSON as pythonPeers.ts writes and reads it; src/benchmark/peers/remote.ts has those that any
library understands. The program ends with its input. SIGINT is left to the program that started it.
"""

import base64
import json
import math
import os
import signal
import sys
import time

from blas import best_seconds, describe_numpy, describe_torch, find_blas, mapped_libraries
from learners import NumpyForm, TorchForm


class Python:
    """What this Python can run: NumPy, and each form of PyTorch."""

    def __init__(self):
        self.versions, self.notes = {"python": sys.version.split()[0]}, []
        self.numpy = self.torch = None
        self.forms = []
        # PyTorch's own choice is not always all cores, and small networks may be faster on one.
        self.cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
        try:
            import numpy
        except ImportError:
            self.note("NumPy and PyTorch were not measured: this Python ({python}) has no NumPy, which both need here.")
            return
        self.numpy = numpy
        self.versions["numpy"] = numpy.__version__
        self.forms.append(NumpyForm(numpy))
        self.loaded_by_numpy = mapped_libraries()
        try:
            import torch
        except ImportError:
            self.note("PyTorch was not measured: this Python ({python}) has none.")
            return
        self.torch = torch
        self.versions["torch"] = torch.__version__
        self.find_torch_forms()

    def note(self, sentence):
        self.notes.append(sentence.format(**self.versions))

    def find_torch_forms(self):
        torch = self.torch
        compiled = ["compile"] if hasattr(torch, "compile") else []
        self.forms += [
            TorchForm(torch, self.numpy, "cpu", mode, False, threads)
            for mode in ["eager", *compiled]
            for threads in sorted({1, self.cores}, reverse=True)
            if mode == "eager" or threads == self.cores
        ]
        if not torch.cuda.is_available():
            self.note("PyTorch was measured on the CPU alone: it finds no CUDA device.")
            return
        self.versions["cuda"] = torch.version.cuda
        self.versions["cudaDevice"] = torch.cuda.get_device_name()
        for tf32 in (False, True):
            self.forms += [TorchForm(torch, self.numpy, "cuda", mode, tf32) for mode in ["eager", *compiled, "graph"]]

    def named(self, name):
        """A form by its own name; by that of a side, those that are ready at once and compute in float32."""
        forms = [form for form in self.forms if name in (form.name, form.side)]
        if not forms:
            raise LookupError(f"this Python ({self.versions['python']}) has none")
        return forms

    def describe(self):
        """What it can run, what computes its products and how fast, and what it lacks."""
        libraries = []
        if self.numpy:
            libraries.append(describe_numpy(self.numpy))
        if self.torch:
            rate = libraries[0]["elementGigaflops"]
            libraries.append(describe_torch(self.torch, self.loaded_by_numpy, rate, self.cores))
        facts = ("name", "title", "computesOn", "side", "multiplies")
        return {
            "versions": self.versions,
            "notes": self.notes,
            "libraries": libraries,
            "forms": [{fact: getattr(form, fact) for fact in facts} for form in self.forms],
        }


def fastest(forms, task):
    """Of several forms the one that trains fastest; one that fails is left out, unless all do."""
    rates, failure = {}, None
    for form in forms if len(forms) > 1 else []:
        try:
            form.set_up()
            train = form.learner(task)
            train(1)
            steps = 1
            while best_seconds(lambda: train(steps), 0.02) < 0.05:
                steps *= 2
            rates[form] = steps / best_seconds(lambda: train(steps), 0.2)
        except Exception as error:
            failure = error
    if failure and not rates:
        raise failure
    return max(rates, key=rates.get) if rates else forms[0]


class Session:
    """Answers requests, a method a type."""

    def __init__(self):
        self.python = Python()

    def describe(self, _):
        return self.python.describe()

    def load(self, request):
        self.forms = self.python.named(request["name"])

    def learn(self, task):
        self.form_taken = fastest(self.forms, task)
        self.form_taken.set_up()
        self.run = self.form_taken.learner(task)

    def train(self, request):
        start = time.perf_counter()
        cost = self.run(request["steps"])
        return {"cost": cost, "seconds": time.perf_counter() - start}

    def form(self, _):
        form = self.form_taken
        parts = [form.title, self.python.versions[form.library], find_blas(mapped_libraries())[0]]
        return {"description": ", ".join(filter(None, parts))}

    def multiplier(self, request):
        numpy, size = self.python.numpy, request["size"]
        a, b = (numpy.frombuffer(request[name], dtype=numpy.float32).reshape(size, size).copy() for name in "ab")
        self.forms[0].set_up()
        self.multiply_by, self.multiplied = self.forms[0].multiplier(a, b)

    def product(self, _):
        product = self.multiplied().astype(self.python.numpy.float32)
        return {"base64": base64.b64encode(product.tobytes()).decode()}

    def multiply(self, request):
        self.multiply_by(request["times"])


def decoded(part):
    """Typed arrays as bytes."""
    return base64.b64decode(part["base64"]) if "base64" in part else part


def encoded(value):
    """JSON has no numbers that are not finite."""
    if isinstance(value, dict):
        return {key: encoded(part) for key, part in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        name = "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
        return {"$number": name}
    return value


def main():
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # What libraries print must not stand among the answers.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    session = Session()
    for line in sys.stdin:
        request = json.loads(line, object_hook=decoded)
        try:
            answer = {"type": "done", "value": getattr(session, request["type"])(request)}
        except Exception as error:
            text = str(error).splitlines()
            answer = {"type": "failed", "message": f"{type(error).__name__}: {text[0] if text else ''}"}
        print(json.dumps(encoded(answer)), file=answers, flush=True)


main()
