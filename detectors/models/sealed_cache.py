"""A cache of compiled code beside the modules that can be read and not written, as in an image."""

from pathlib import Path
from typing import Any

from numba.core.caching import InTreeCacheLocator


class SealedCacheLocator(InTreeCacheLocator):
    """Numba's own locators ask for a directory that they can write to.

    Failure prevented: an image whose file system is read-only carries the compiled code, and every start compiles anew.
    """

    @classmethod
    def from_function(cls, function: Any, file: str) -> "SealedCacheLocator | None":
        """The locator, where something is kept beside the module already; else None, and Numba asks the next one."""
        found = cls(function, file)
        kept = (Path(file).parent / "__pycache__").glob(f"*.{function.__qualname__}-*.nbi")
        return found if any(kept) else None
