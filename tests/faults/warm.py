"""The last import of the fork server: what it has loaded is shared with every process, so no collector shall touch it."""

from __future__ import annotations

import gc

gc.collect()
gc.freeze()
