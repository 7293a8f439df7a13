"""Which BLAS multiplies matrices for NumPy and PyTorch, and how fast."""

import re
import time
from pathlib import Path


def mapped_libraries():
    """Files that this process has loaded, on systems with /proc. LAPACK is left out, because it does not multiply."""
    try:
        lines = Path("/proc/self/maps").read_text().splitlines()
    except OSError:
        return set()
    files = {line.split(maxsplit=5)[5] for line in lines if "/" in line and ".so" in line}
    return {file for file in files if "lapack" not in Path(file).name}


# Patterns for file names. The reference BLAS comes first, because files of the others may be loaded for LAPACK alone. A plain
# libblas.so is the reference BLAS, unless its folder has the name of another one, as on Debian.
BLAS_NAMES = [
    ("reference BLAS", r"^(?!.*(openblas|blis|atlas|mkl)).*/lib(ref)?c?blas\.so"),
    ("OpenBLAS", r"openblas"),
    ("MKL", r"libmkl"),
    ("BLIS", r"blis"),
    ("ATLAS", r"atlas"),
    ("Accelerate", r"Accelerate|vecLib"),
]


def find_blas(libraries):
    """The name of the first known BLAS among loaded files, or None."""
    return next((name for name, pattern in BLAS_NAMES if any(re.search(pattern, file) for file in libraries)), None)


def best_seconds(run, budget=0.3):
    """The shortest of several runs, because other programs only ever add time."""
    run()
    best, end = float("inf"), time.perf_counter() + budget
    while time.perf_counter() < end:
        start = time.perf_counter()
        run()
        best = min(best, time.perf_counter() - start)
    return best


def describe_library(name, blas, multiply, element_rate):
    """A library's BLAS, and its GFLOP/s in a product of 512 by 512."""
    rate = 2 * 512**3 / best_seconds(multiply) / 1e9
    return {"library": name, "blas": blas, "gigaflops": rate, "elementGigaflops": element_rate}


def describe_numpy(numpy):
    """NumPy's BLAS, from the files that it has loaded or else from its build configuration."""
    blas = find_blas(mapped_libraries())
    if blas is None:
        try:
            built = numpy.show_config(mode="dicts")["Build Dependencies"]["blas"]["name"]
            blas = find_blas({f"/lib{built}.so"}) or built
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

    # One multiplication for two loads and a store. An optimised product keeps sums in registers and is many times as fast;
    # an unoptimised one is as slow.
    element_rate = 100 * x.size / best_seconds(elements) / 1e9
    return describe_library("NumPy", blas, lambda: numpy.matmul(a, b, out=out), element_rate)


def describe_torch(torch, loaded_before, element_rate, cores):
    """PyTorch's BLAS: MKL if it was built with it, else the one that is loaded."""
    built = re.search(r"BLAS_INFO=(\w+)", torch.__config__.show())
    loaded = mapped_libraries()
    is_mkl = built and built.group(1) == "mkl"
    blas = "MKL" if is_mkl else find_blas(loaded - loaded_before) or find_blas(loaded)
    torch.set_num_threads(cores)
    a, b = torch.rand(512, 512), torch.rand(512, 512)
    out = torch.empty_like(a)
    return describe_library("PyTorch", blas, lambda: torch.matmul(a, b, out=out), element_rate)
