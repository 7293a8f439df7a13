"""How NumPy and PyTorch train a network: one class for each library, one object for each form of it.

The data lives on the device as float32 mini-batches that are cut beforehand. PyTorch derives its gradients; NumPy has no
differentiation, so they are written out. A run waits for the device once, at its end, by reading a cost.
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
    # [in, out], so that no product of a layer needs a transposed copy.
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
    """One way to run PyTorch: eager, or the whole step as a CUDA graph. TF32 is off, because every library computes in float32."""

    library = "torch"

    def __init__(self, torch, numpy, device, is_graph=False, threads=None):
        self.torch, self.numpy, self.device, self.is_graph, self.threads = torch, numpy, device, is_graph, threads
        self.backend = f"torch-{device}"

    @property
    def title(self):
        form = "CUDA graph" if self.is_graph else "eager"
        threads = self.threads and ("1 thread" if self.threads == 1 else f"{self.threads} threads")
        return " ".join(filter(None, ["PyTorch", self.device.upper(), form, threads]))

    def set_up(self):
        if self.threads:
            self.torch.set_num_threads(self.threads)
        if self.device == "cuda":
            self.torch.backends.cuda.matmul.allow_tf32 = False
            self.torch.backends.cudnn.allow_tf32 = False

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

        def cost_of(x, y):
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

        def one_step(x, y):
            cost = cost_of(x, y)
            gradients = torch.autograd.grad(cost, parameters)
            with torch.no_grad():
                torch._foreach_add_(parameters, gradients, alpha=-rate)
            return cost.detach()

        state = {"step": 0}
        if self.is_graph:
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
        """The step as a CUDA graph over one mini-batch, into which each step copies its data."""
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
        # The warm-up has trained the network, so the parameters start again.
        with torch.no_grad():
            for parameter, value in zip(parameters, start):
                parameter.copy_(value)

        def replay(x_next, y_next):
            x.copy_(x_next)
            y.copy_(y_next)
            graph.replay()
            return cost

        return replay


class NumpyForm:
    backend = library = "numpy"
    title = "NumPy"

    def __init__(self, numpy):
        self.numpy = numpy

    def set_up(self):
        """NumPy has one form."""

    def learner(self, task):
        return numpy_learner(self.numpy, task)
