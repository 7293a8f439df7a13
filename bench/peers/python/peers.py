"""PyTorch and NumPy on the workloads of workloads.ts, driven by python.ts.

    python3 peers.py FOLDER

FOLDER holds task.json, the parameters of each network (float32, PyTorch's layout) and the matrices of each product.
results.json is written there after every measurement. What this Python lacks is a note in it, and no error. SIGTERM
ends it after the measurement under way; SIGINT is left to the program that started it.

Each library in its best reasonable form: the data lives on the device as float32 mini-batches cut beforehand, gradients
are the library's own (PyTorch) or written out (NumPy, which has none), and the device is waited for once, at the end of
a timed run, by reading a cost.
"""

import ctypes
import json
import os
import re
import signal
import sys
import time
from pathlib import Path

TRIAL_SHARE = 0.15

stopping = False


def stop(*_):
    global stopping
    stopping = True


def progress(line):
    print(line, file=sys.stderr, flush=True)


def time_run(run, seconds):
    """Doubles the work until it takes long enough to tell, then measures about `seconds` of it in one run."""

    def timed(times):
        start = time.perf_counter()
        run(times)
        return time.perf_counter() - start

    trial = 1
    took = timed(trial)
    while took < TRIAL_SHARE * seconds:
        trial *= 2
        took = timed(trial)
    times, total = 0, 0.0
    while total < seconds:
        rate = times / total if times else trial / took
        more = max(1, int(rate * (seconds - total)) + 1)
        total += timed(more)
        times += more
    return {"times": times, "seconds": total}


def read_floats(numpy, path, *shape):
    return numpy.fromfile(path, dtype=numpy.float32).reshape(shape)


def read_training(numpy, task, workload):
    """[batches, batch, 784] from 0 to 1, and [batches, batch] labels."""
    batch = workload["batchSize"]
    folder = Path(task["dataFolder"])
    labels = numpy.fromfile(folder / "training.labels", dtype=numpy.uint8)
    features = numpy.fromfile(folder / "training.features", dtype=numpy.uint8)
    count = len(labels) // batch
    features = features.reshape(len(labels), -1)[: count * batch]
    x = (features.astype(numpy.float32) / numpy.float32(255)).reshape(count, batch, -1)
    return x, labels[: count * batch].astype(numpy.int64).reshape(count, batch)


def read_layers(numpy, task, workload):
    """(weight [out, in], bias [out]) of each layer."""
    flat = read_floats(numpy, Path(task["folder"]) / f"{workload['name']}.parameters", -1)
    sizes = workload["network"]["layers"]
    layers, offset = [], 0
    for inputs, outputs in zip(sizes, sizes[1:]):
        weight = flat[offset : offset + inputs * outputs].reshape(outputs, inputs)
        offset += inputs * outputs
        layers.append((weight, flat[offset : offset + outputs]))
        offset += outputs
    return layers


def numpy_learner(numpy, task, workload):
    x_all, labels = read_training(numpy, task, workload)
    y_all = numpy.eye(10, dtype=numpy.float32)[labels]
    # [in, out], in which all three products of a layer are plain ones.
    layers = [(w.T.copy(), b.copy()) for w, b in read_layers(numpy, task, workload)]
    rate = numpy.float32(workload["learningRate"])
    batch = numpy.float32(workload["batchSize"])
    squared = workload["network"]["cost"] == "squared-error"
    state = {"step": 0}

    def sigmoid(z):
        return 1 / (1 + numpy.exp(-z))

    def learn(steps):
        cost = float("nan")
        for left in range(steps, 0, -1):
            n = state["step"] % len(x_all)
            state["step"] += 1
            y = y_all[n]
            inputs = [x_all[n]]
            for l, (w, b) in enumerate(layers):
                z = inputs[-1] @ w
                z += b
                if squared:
                    inputs.append(sigmoid(z))
                elif l < len(layers) - 1:
                    inputs.append(numpy.maximum(z, 0, out=z))
                else:
                    inputs.append(z)
            out = inputs[-1]
            if squared:
                difference = out - y
                if left == 1:
                    cost = float((difference * difference).sum() / batch)
                delta = difference * out * (1 - out) * (2 / batch)
            else:
                out = out - out.max(axis=1, keepdims=True)
                exponentials = numpy.exp(out)
                total = exponentials.sum(axis=1, keepdims=True)
                if left == 1:
                    cost = float(((numpy.log(total) - out) * y).sum() / batch)
                delta = (exponentials / total - y) / batch
            for l in range(len(layers) - 1, -1, -1):
                w, b = layers[l]
                a = inputs[l]
                if l > 0:
                    back = delta @ w.T
                    back *= a * (1 - a) if squared else a > 0
                w -= rate * (a.T @ delta)
                b -= rate * delta.sum(axis=0)
                if l > 0:
                    delta = back
        return cost

    return learn


class TorchForm:
    """One way to run PyTorch: eager, compiled, or as a CUDA graph."""

    def __init__(self, torch, numpy, device, mode, tf32, threads=None):
        self.torch, self.numpy, self.device, self.mode, self.tf32 = torch, numpy, device, mode, tf32
        self.threads = threads

    @property
    def name(self):
        tf32 = "-tf32" if self.tf32 else ""
        one = "-one-thread" if self.threads == 1 else ""
        return f"torch-{self.device}-{self.mode}{tf32}{one}"

    @property
    def title(self):
        mode = {"eager": "eager", "compile": "torch.compile", "graph": "CUDA graph"}[self.mode]
        precision = ("TF32" if self.tf32 else "float32") if self.device == "cuda" else ""
        threads = self.threads and ("1 thread" if self.threads == 1 else f"{self.threads} threads")
        return " ".join(filter(None, ["PyTorch", self.device.upper(), mode, precision, threads]))

    def set_up(self):
        if self.threads:
            self.torch.set_num_threads(self.threads)
        if self.device == "cuda":
            self.torch.backends.cuda.matmul.allow_tf32 = self.tf32
            self.torch.backends.cudnn.allow_tf32 = self.tf32

    def learner(self, task, workload):
        torch = self.torch
        device = torch.device(self.device)
        x_all, labels = read_training(self.numpy, task, workload)
        squared = workload["network"]["cost"] == "squared-error"
        x_all = torch.from_numpy(x_all).to(device)
        targets = self.numpy.eye(10, dtype=self.numpy.float32)[labels] if squared else labels
        y_all = torch.from_numpy(targets).to(device)
        parameters = [
            torch.from_numpy(array.copy()).to(device).requires_grad_()
            for layer in read_layers(self.numpy, task, workload)
            for array in layer
        ]
        rate, batch = workload["learningRate"], workload["batchSize"]
        functional = torch.nn.functional

        def eager_cost(x, y):
            a = x
            for l in range(0, len(parameters), 2):
                a = functional.linear(a, parameters[l], parameters[l + 1])
                if squared:
                    a = torch.sigmoid(a)
                elif l < len(parameters) - 2:
                    a = torch.relu(a)
            if squared:
                return ((a - y) ** 2).sum() / batch
            return functional.cross_entropy(a, y)

        # Forward and backward are compiled; the update is one call of its own, as optimizers make it.
        cost_of = torch.compile(eager_cost) if self.mode == "compile" else eager_cost

        def one_step(x, y):
            cost = cost_of(x, y)
            gradients = torch.autograd.grad(cost, parameters)
            with torch.no_grad():
                torch._foreach_add_(parameters, gradients, alpha=-rate)
            return cost.detach()

        state = {"step": 0}
        if self.mode == "graph":
            one_step = self.captured(one_step, parameters, x_all, y_all)

        def learn(steps):
            cost = None
            for _ in range(steps):
                n = state["step"] % len(x_all)
                state["step"] += 1
                cost = one_step(x_all[n], y_all[n])
            return float(cost)

        return learn

    def captured(self, one_step, parameters, x_all, y_all):
        """The step as a CUDA graph over a mini-batch of its own, which each step copies its data into."""
        torch = self.torch
        x, y = x_all[0].clone(), y_all[0].clone()
        start = [parameter.detach().clone() for parameter in parameters]
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(3):
                one_step(x, y)
        torch.cuda.current_stream().wait_stream(stream)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            cost = one_step(x, y)
        # The warm-up has trained; nobody else had that.
        with torch.no_grad():
            for parameter, value in zip(parameters, start):
                parameter.copy_(value)

        def replay(x_next, y_next):
            x.copy_(x_next)
            y.copy_(y_next)
            graph.replay()
            return cost

        return replay

    def multiplier(self, a, b):
        torch = self.torch
        a, b = (torch.from_numpy(m).to(self.device) for m in (a, b))
        out = torch.empty_like(a)

        def multiply(times):
            for _ in range(times):
                torch.matmul(a, b, out=out)
            float(out[0, 0])

        return multiply, lambda: torch.matmul(a, b).cpu().numpy()


class NumpyForm:
    name, title, device, mode = "numpy", "NumPy", "cpu", "eager"

    def __init__(self, numpy):
        self.numpy = numpy

    def set_up(self):
        """It has one."""

    def learner(self, task, workload):
        return numpy_learner(self.numpy, task, workload)

    def multiplier(self, a, b):
        out = self.numpy.empty_like(a)

        def multiply(times):
            for _ in range(times):
                self.numpy.matmul(a, b, out=out)

        return multiply, lambda: a @ b


def mapped_libraries():
    """Files that this process has loaded, where the system tells; LAPACK's may lie beside a BLAS, but multiply nothing."""
    try:
        lines = Path("/proc/self/maps").read_text().splitlines()
    except OSError:
        return set()
    files = {line.split(maxsplit=5)[5] for line in lines if "/" in line and ".so" in line}
    return {file for file in files if "lapack" not in Path(file).name}


# By what file names say. The first stands before the others, whose files may be loaded for LAPACK alone: a plain
# libblas.so is the reference BLAS, unless its folder is that of another one, as Debian has it.
BLAS_NAMES = [
    ("reference BLAS", r"^(?!.*(openblas|blis|atlas|mkl)).*/lib(ref)?c?blas\.so"),
    ("OpenBLAS", r"openblas"),
    ("MKL", r"libmkl"),
    ("BLIS", r"blis"),
    ("ATLAS", r"atlas"),
    ("Accelerate", r"Accelerate|vecLib"),
]
THREAD_FUNCTIONS = ["openblas_get_num_threads", "openblas_get_num_threads64_", "scipy_openblas_get_num_threads64_", "mkl_get_max_threads"]


def find_blas(libraries):
    """(name, file) of the first BLAS among loaded files; (None, None) where none is known."""
    for name, pattern in BLAS_NAMES:
        found = sorted(file for file in libraries if re.search(pattern, file))
        # Among several files of one BLAS, libblas.so.3 is the door and not the house.
        found.sort(key=lambda file: "/libblas" in file)
        if found:
            return name, found[0]
    return None, None


def blas_threads(file):
    """How many threads a BLAS would take; None where it does not tell."""
    try:
        library = ctypes.CDLL(file)
    except OSError:
        return None
    for name in THREAD_FUNCTIONS:
        if hasattr(library, name):
            return int(getattr(library, name)())
    return None


def best_seconds(run, budget=0.3):
    """The least of several runs: what else the machine does only ever adds."""
    run()
    best, end = float("inf"), time.perf_counter() + budget
    while time.perf_counter() < end:
        start = time.perf_counter()
        run()
        best = min(best, time.perf_counter() - start)
    return best


def describe_library(name, version, blas, threads, multiply, element_rate):
    """What computes a library's products, and how fast: GFLOP/s in a product of 512 by 512."""
    blas_name, file = blas
    return {
        "library": name,
        "version": version,
        "blas": blas_name,
        "file": file and Path(file).name,
        "threads": threads,
        "gigaflops": 2 * 512**3 / best_seconds(multiply) / 1e9,
        "elementGigaflops": element_rate,
    }


def describe_numpy(numpy):
    """NumPy's BLAS: by the files that it has loaded, else by what it was built with."""
    blas = find_blas(mapped_libraries())
    if blas[0] is None:
        try:
            built = numpy.show_config(mode="dicts")["Build Dependencies"]["blas"]["name"]
            blas = (find_blas({f"/lib{built}.so"})[0] or built, None)
        except (TypeError, KeyError):
            pass
    random = numpy.random.default_rng(1)
    a, b = (random.random((512, 512), dtype=numpy.float32) for _ in range(2))
    out = numpy.empty_like(a)
    x, y = a[:8].reshape(-1), b[:8].reshape(-1)
    z = numpy.empty_like(x)

    def elements():
        for _ in range(100):
            numpy.multiply(x, y, out=z)

    # One multiplication for two loads and a store: an optimised product, which keeps sums in registers, is many
    # times as fast, and one that is not is as slow.
    element_rate = 100 * x.size / best_seconds(elements) / 1e9
    threads = blas[1] and blas_threads(blas[1])
    multiply = lambda: numpy.matmul(a, b, out=out)
    return describe_library("NumPy", numpy.__version__, blas, threads, multiply, element_rate)


def describe_torch(torch, loaded_before, element_rate, cores):
    """PyTorch's BLAS: what it was built with; where that is a BLAS of the system, the one that is loaded."""
    built = re.search(r"BLAS_INFO=(\w+)", torch.__config__.show())
    loaded = mapped_libraries()
    blas = find_blas(loaded - loaded_before)
    if built and built.group(1) == "mkl":
        blas = ("MKL", None)
    elif blas[0] is None:
        blas = find_blas(loaded)
    torch.set_num_threads(cores)
    a, b = torch.rand(512, 512), torch.rand(512, 512)
    out = torch.empty_like(a)
    multiply = lambda: torch.matmul(a, b, out=out)
    return describe_library("PyTorch", torch.__version__, blas, torch.get_num_threads(), multiply, element_rate)


def find_forms():
    """Everything that this Python can run, its versions, what computes its products, and what it lacks."""
    versions, notes, libraries = {"python": sys.version.split()[0]}, [], []
    try:
        import numpy
    except ImportError:
        notes.append(f"NumPy and PyTorch were not measured: this Python ({versions['python']}) has no NumPy, which both need here.")
        return None, [], versions, notes, libraries
    versions["numpy"] = numpy.__version__
    libraries.append(describe_numpy(numpy))
    forms = [NumpyForm(numpy)]
    loaded = mapped_libraries()
    try:
        import torch
    except ImportError:
        notes.append(f"PyTorch was not measured: this Python ({versions['python']}) has none.")
        return numpy, forms, versions, notes, libraries
    versions["torch"] = torch.__version__
    # PyTorch's own choice is not always all cores, and small networks may be faster on one.
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    libraries.append(describe_torch(torch, loaded, libraries[0]["elementGigaflops"], cores))
    compiled = ["compile"] if hasattr(torch, "compile") else []
    if not compiled:
        notes.append(f"torch.compile was not measured: PyTorch {torch.__version__} has none. Install PyTorch 2 to see it.")
    forms += [
        TorchForm(torch, numpy, "cpu", mode, False, threads)
        for mode in ["eager", *compiled]
        for threads in sorted({1, cores}, reverse=True)
        if mode == "eager" or threads == cores
    ]
    if torch.cuda.is_available():
        versions["cuda"] = torch.version.cuda
        versions["cudaDevice"] = torch.cuda.get_device_name()
        for tf32 in (False, True):
            forms += [
                TorchForm(torch, numpy, "cuda", mode, tf32) for mode in ["eager", *compiled, "graph"]
            ]
    else:
        notes.append("PyTorch was measured on the CPU alone: it finds no CUDA device.")
    return numpy, forms, versions, notes, libraries


def prepare(numpy, form, task, workload, result):
    """What is to be timed, once it has been seen to compute; notes in `result` what it computed."""
    form.set_up()
    if workload["kind"] == "training":
        learner = form.learner(task, workload)
        learner(workload["checkedSteps"])
        result["checkedCost"] = learner(1)
        return learner
    folder, size = Path(task["folder"]), workload["size"]
    a, b = (read_floats(numpy, folder / f"{workload['name']}.{m}", size, size) for m in "ab")
    multiply, product = form.multiplier(a, b)
    path = folder / f"{form.name}.{workload['name']}.product"
    numpy.ascontiguousarray(product()).astype(numpy.float32).tofile(path)
    result["product"] = str(path)
    return multiply


def attempt(result, work):
    """What `work` gives. A library that fails is noted in `result`, and the others go on."""
    try:
        return work()
    except Exception as error:
        text = str(error).splitlines()
        result["failure"] = f"{type(error).__name__}: {text[0] if text else ''}"
        return None


def measure(numpy, forms, task, workload, save):
    """
    Every form in turn within each repeat, so that whatever else the machine does hits them alike. What was measured
    before is left out; `save` is called with the entries after each measurement.
    """
    entries = []
    for form in forms:
        if stopping:
            break
        left = task["repeats"] - task["done"].get(workload["name"], {}).get(form.name, 0)
        if left <= 0:
            continue
        result = {
            "contender": form.name,
            "title": form.title,
            "computesOn": "gpu" if form.device == "cuda" else "cpu",
            "workload": workload["name"],
            "samples": [],
        }
        run = attempt(result, lambda: prepare(numpy, form, task, workload, result))
        entries.append((form, run, result, left))
    results = [result for _, _, result, _ in entries]
    for _ in range(task["repeats"]):
        for form, run, result, left in entries:
            if stopping or "failure" in result or len(result["samples"]) >= left:
                continue
            progress(f"Python, {workload['name']}: {form.title}")
            form.set_up()
            sample = attempt(result, lambda: time_run(run, task["seconds"]))
            if sample is None:
                continue
            if workload["kind"] == "training":
                result["finalCost"] = attempt(result, lambda: run(1))
            result["samples"].append(sample)
            save(results)
    return results


def main():
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    folder = Path(sys.argv[1])
    task = json.loads((folder / "task.json").read_text())
    numpy, forms, versions, notes, libraries = find_forms()

    def write(results):
        output = {"versions": versions, "notes": notes, "libraries": libraries, "results": results}
        whole = folder / "results.json"
        part = whole.with_suffix(".tmp")
        part.write_text(json.dumps(output))
        part.replace(whole)

    results = []
    write(results)
    for workload in task["workloads"] if numpy else []:
        # A product is one kernel, which compiling and graphs leave as it is.
        able = [f for f in forms if workload["kind"] == "training" or f.mode == "eager"]
        results += measure(numpy, able, task, workload, lambda entries: write(results + entries))
        write(results)


main()
