"""Payment messages of other standards to the contract's transaction: ISO 20022 pacs.008 and SWIFT MT103.

`convert` is pure and never raises; `record` plugs it into ingest by content type, `files` into `fxwatch publish`.
docs/FORMATS.md has the mapping field by field, and what cannot be mapped.
"""

from streams.ingest.formats.conversion import FILE_LIMITS, RECORD_LIMITS, ConversionLimits, convert, syntax_of
from streams.ingest.formats.parameters import Parameters, parameters
from streams.ingest.formats.result import Converted, Mapped, RefusedMessage, Unmapped

__all__ = [
    "FILE_LIMITS",
    "RECORD_LIMITS",
    "ConversionLimits",
    "Converted",
    "Mapped",
    "Parameters",
    "RefusedMessage",
    "Unmapped",
    "convert",
    "parameters",
    "syntax_of",
]
