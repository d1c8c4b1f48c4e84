"""The last import of the fork server: freezes the garbage collector, so that child processes share its memory pages."""

from __future__ import annotations

import gc

gc.collect()
gc.freeze()
