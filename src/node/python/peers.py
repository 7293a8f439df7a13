"""PyTorch and NumPy for pythonPeers.ts: one request per line on standard input, one answer per line on standard output.

Requests and answers are JSON in the encoding of pythonPeers.ts; src/benchmark/peers/remote.ts defines them. The program
ends with its input. It ignores SIGINT, which the program that started it handles.
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
    """The libraries of this Python: NumPy, and each form of PyTorch."""

    def __init__(self):
        self.versions, self.notes = {"python": sys.version.split()[0]}, []
        self.numpy = self.torch = None
        self.forms = []
        # PyTorch does not always choose all cores, and small networks may be faster on one.
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
        threads = sorted({1, self.cores}, reverse=True)
        self.forms += [TorchForm(torch, self.numpy, "cpu", threads=count) for count in threads]
        if not torch.cuda.is_available():
            self.note("PyTorch was measured on the CPU alone: it finds no CUDA device.")
            return
        self.forms += [TorchForm(torch, self.numpy, "cuda", is_graph) for is_graph in (False, True)]

    def named(self, name):
        """The forms of a backend of `nudge bench --peers`."""
        forms = [form for form in self.forms if form.backend == name]
        if not forms:
            raise LookupError(f"this Python ({self.versions['python']}) has none")
        return forms

    def describe(self):
        """The backends that it can run, how fast its products are, and what it lacks."""
        libraries = []
        if self.numpy:
            libraries.append(describe_numpy(self.numpy))
        if self.torch:
            rate = libraries[0]["elementGigaflops"]
            libraries.append(describe_torch(self.torch, self.loaded_by_numpy, rate, self.cores))
        return {"notes": self.notes, "libraries": libraries, "backends": [form.backend for form in self.forms]}


def fastest(forms, task):
    """The form that trains fastest. Forms that fail are left out; if all fail, the last failure is raised."""
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
    """Answers requests: one method for each type."""

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
        parts = [form.title, self.python.versions[form.library], find_blas(mapped_libraries())]
        return ", ".join(filter(None, parts))


def decoded(part):
    """Decodes typed arrays as bytes."""
    return base64.b64decode(part["base64"]) if "base64" in part else part


def encoded(value):
    """Replaces numbers that are not finite, which JSON does not have."""
    if isinstance(value, dict):
        return {key: encoded(part) for key, part in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        name = "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
        return {"$number": name}
    return value


def main():
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Libraries may print to standard output, so it is redirected and answers go to a copy of it.
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
