// Fetching memory ahead of its use.
#pragma once

// For functions that do nothing but prefetch: gcc takes such a function for one without effect, and drops the
// calls, unless it has been inlined before gcc looks.
#define RUNJOB_PREFETCHER __attribute__((always_inline)) inline
