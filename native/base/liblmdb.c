/* LMDB, out of the `lmdb` package's own copy of its source. Third-party: its warnings are not ours. */
#if defined(__GNUC__)
#pragma GCC diagnostic ignored "-Wunused-parameter"
#endif
#include "mdb.c"
#include "midl.c"
