"""What multiplies matrices for NumPy and PyTorch, and how fast."""

import ctypes
import re
import time
from pathlib import Path


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
