"""How NumPy and PyTorch train a network and multiply matrices: a class a library, an object a form of it.

Each library in its best reasonable form: the data lives on the device as float32 mini-batches cut beforehand, gradients
are the library's own (PyTorch) or written out (NumPy, which has none), and the device is waited for once, at the end of
a timed run, by reading a cost.
"""


def read_training(numpy, task):
    """[batches, batch, 784] from 0 to 1, and [batches, batch] labels."""
    batch, training = task["batchSize"], task["training"]
    labels, features = (numpy.frombuffer(training[name], dtype=numpy.uint8) for name in ("labels", "features"))
    count = len(labels) // batch
    features = features.reshape(len(labels), -1)[: count * batch]
    x = (features.astype(numpy.float32) / numpy.float32(255)).reshape(count, batch, -1)
    return x, labels[: count * batch].astype(numpy.int64).reshape(count, batch)


def read_layers(numpy, task):
    """(weight [out, in], bias [out]) of each layer."""
    flat = numpy.frombuffer(task["parameters"], dtype=numpy.float32)
    sizes = task["shape"]["layers"]
    layers, offset = [], 0
    for inputs, outputs in zip(sizes, sizes[1:]):
        weight = flat[offset : offset + inputs * outputs].reshape(outputs, inputs)
        offset += inputs * outputs
        layers.append((weight, flat[offset : offset + outputs].copy()))
        offset += outputs
    return layers


def numpy_learner(numpy, task):
    x_all, labels = read_training(numpy, task)
    y_all = numpy.eye(10, dtype=numpy.float32)[labels]
    # [in, out], in which all three products of a layer are plain ones.
    layers = [(w.T.copy(), b.copy()) for w, b in read_layers(numpy, task)]
    rate = numpy.float32(task["learningRate"])
    batch = numpy.float32(task["batchSize"])
    squared = task["shape"]["cost"] == "squared-error"
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

    library, multiplies = "torch", property(lambda self: self.mode == "eager")

    @property
    def computesOn(self):
        return "gpu" if self.device == "cuda" else "cpu"

    @property
    def side(self):
        """That it may stand for; torch.compile takes too long for a run of some minutes."""
        return None if self.tf32 or self.mode == "compile" else f"torch-{self.device}"

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

    def learner(self, task):
        torch = self.torch
        device = torch.device(self.device)
        x_all, labels = read_training(self.numpy, task)
        squared = task["shape"]["cost"] == "squared-error"
        x_all = torch.from_numpy(x_all).to(device)
        targets = self.numpy.eye(10, dtype=self.numpy.float32)[labels] if squared else labels
        y_all = torch.from_numpy(targets).to(device)
        parameters = [
            torch.from_numpy(array.copy()).to(device).requires_grad_()
            for layer in read_layers(self.numpy, task)
            for array in layer
        ]
        rate, batch = task["learningRate"], task["batchSize"]
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
        # The warm-up has trained; other forms have no such head start.
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
    name = side = library = "numpy"
    title, computesOn, multiplies = "NumPy", "cpu", True

    def __init__(self, numpy):
        self.numpy = numpy

    def set_up(self):
        """It has one."""

    def learner(self, task):
        return numpy_learner(self.numpy, task)

    def multiplier(self, a, b):
        out = self.numpy.empty_like(a)

        def multiply(times):
            for _ in range(times):
                self.numpy.matmul(a, b, out=out)

        return multiply, lambda: a @ b
