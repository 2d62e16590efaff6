"""Numbers at addresses, for functions that Numba compiles, and how an event lies in memory.

Numba's cache looks at the file of the compiled function only. So after a change here the kernels' files must change
too, or the machine code of before goes on.
"""

from typing import Any

from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

# Places in an event's buffer (packed_events.py), in steps of 8 bytes: address of the slots, number of values, values.
SLOTS, COUNT, VALUES = range(3)


def _pointer_to(kind: Any) -> Any:
    """A function from an address to a pointer to such numbers. Not an array: those check for negative places."""

    @intrinsic
    def pointer(_context: Any, address: Any) -> Any:
        def make(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
            return builder.inttoptr(arguments[0], context.get_value_type(types.CPointer(kind)))

        return types.CPointer(kind)(address), make

    return pointer


doubles, integers = _pointer_to(types.float64), _pointer_to(types.int32)
longs, octets = _pointer_to(types.int64), _pointer_to(types.uint8)


@intrinsic
def _move(_context: Any, target: Any, source: Any, count: Any) -> Any:
    def make(_target_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        to, from_ = (builder.inttoptr(address, cgutils.voidptr_t) for address in arguments[:2])
        cgutils.raw_memmove(builder, to, from_, arguments[2], 1)

    return types.void(target, source, count), make


# Moves octets: to an address, from an address, how many. They may overlap.
move: Any = _move
