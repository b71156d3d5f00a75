"""What a process holds once it is up."""

import ctypes
import gc
import linecache

COLLECTED_AFTER = 10_000
"""New containers after which the youngest are looked through; a hundred deliveries make some thousand."""


def settle() -> None:
    """What is held once a process is up stays: spare the collector of looking through all of it again.

    Else it takes a third of a clock's time while a lesson is pushed, and holds up every callback.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECTED_AFTER)
    linecache.clearcache()  # Tortoise reads our models' source for their comments.
    give_back()


def give_back() -> None:
    """Hand memory that is free back to the system, where the C library knows how (glibc)."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
