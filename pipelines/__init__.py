"""What runs, in which order, on which schedule: the only room that knows Dagster."""

import os

# The matrix products here are many and small: a second BLAS thread spends its time waiting, and
# sums would depend on the number of threads. Only heeded before NumPy is loaded.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# Arrow's own allocator gives memory back to the system and fetches it again, cleared, a moment
# later: a twelfth of a build. Only heeded before Arrow is loaded.
os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")

# Where a processor has AVX-512, NumPy takes logarithms from another library, whose last digit is
# another. Only heeded before NumPy is loaded.
os.environ.setdefault("NPY_DISABLE_CPU_FEATURES", "X86_V4 AVX512_ICL AVX512_SPR")
