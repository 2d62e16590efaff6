"""Loads the kernels as machine code, once a process; says why where there is none.

Numba compiles them for the plainest processor of the architecture. So the code is the same on every machine, and a
cache made on one serves another (an image is built elsewhere than it runs). Importing Numba takes half a second,
compiling ten, loading from the cache a tenth. Nothing of it happens before a model learns its first event, or before
a worker that calls `prepare` is ready.
"""

import ctypes
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

Kernel = Callable[..., Any]
_OWNERS: list[Any] = []


class Kernels(NamedTuple):
    """Functions of machine code. All but the blocks hold the interpreter, as they end within microseconds."""

    trees: Kernel
    scaled_trees: Kernel
    tabulate: Kernel
    tails: Kernel
    trees_block: Kernel
    tails_block: Kernel


class Prepared(NamedTuple):
    """What came of loading. `kernels` None: the pure Python runs, with equal results."""

    kernels: Kernels | None
    # whether all of it came from the cache
    cached: bool
    # one sentence for the log, and whether an operator may want to do something about it
    said: str
    trouble: bool


def kernels() -> Kernels | None:
    """The compiled functions, or None. The first call in a process loads or compiles them."""
    return prepare().kernels


@cache
def prepare() -> Prepared:
    """Load the kernels now. Never raises: without them the models do the same, 10 to 50 times slower."""
    try:
        import numba
    except ImportError as fault:
        return _pure(f"numba cannot be imported ({fault})")
    settings: Any = numba.config
    if settings.DISABLE_JIT:
        return _pure("NUMBA_DISABLE_JIT is set", trouble=False)
    _settle(settings)
    try:
        try:
            found, cached = _compile(numba, keep=True)
            kept = ""
        except (RuntimeError, OSError) as fault:
            # RuntimeError: no directory that Numba may write to; OSError: one that was full, or was taken away
            kept = f"; it cannot be kept for the next start, which will compile again ({fault})"
            found, cached = _compile(numba, keep=False)
    except Exception as fault:  # noqa: BLE001  (whatever a compiler raises: the pure path does the same work)
        return _pure(f"the compiler failed ({type(fault).__name__}: {fault})")
    from detectors.models import compiled_trial

    difference = compiled_trial.find_difference(found)
    if difference:
        return _pure(f"compiled code does not give what plain Python gives ({difference})")
    said = "compiled code of the models was loaded" if cached else "the models were compiled"
    return Prepared(found, cached, said + kept, bool(kept))


def _pure(reason: str, *, trouble: bool = True) -> Prepared:
    said = f"{reason}, so the models run as plain Python: equal results, 10 times the CPU"
    return Prepared(None, cached=False, said=said, trouble=trouble)


def _settle(config: Any) -> None:
    """The plainest processor, unless the operator names one; and a cache that is read where it cannot be written."""
    if config.CPU_NAME is None:
        config.CPU_NAME, config.CPU_FEATURES = "generic", ""
    if not config.CACHE_LOCATOR_CLASSES:
        config.CACHE_LOCATOR_CLASSES = (
            "UserProvidedCacheLocator,InTreeCacheLocator,"
            "detectors.models.sealed_cache.SealedCacheLocator,UserWideCacheLocator"
        )


def _compile(numba: Any, *, keep: bool) -> tuple[Kernels, bool]:
    """The kernels, from the cache where they are there, and whether all were."""
    from detectors.models import tail_kernels, tree_kernels

    types = numba.types
    frame = types.CPointer(types.int64)
    one = (types.float64(frame, types.int64), ctypes.PYFUNCTYPE(ctypes.c_double, ctypes.c_void_p, ctypes.c_int64))
    block = (
        types.int64(frame, *[types.int64] * 5),
        ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p, *[ctypes.c_int64] * 5),
    )
    made, cached = {}, True
    for name in Kernels._fields:
        signature, kind = block if name.endswith("block") else one
        code = numba.cfunc(signature, cache=keep, error_model="numpy")(
            getattr(tree_kernels, name, None) or getattr(tail_kernels, name)
        )
        cached = cached and code.cache_hits > 0
        made[name] = kind(code.address)
        # the machine code lives as long as the object that owns it
        _OWNERS.append(code)
    return Kernels(**made), cached
