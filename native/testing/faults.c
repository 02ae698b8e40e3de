// Makes system calls and allocations fail on purpose. Loaded before everything else:
//
//   LD_PRELOAD=build-faults/faults.so RUNJOB_FAULT=write:3:once:ENOSPC RUNJOB_FAULT_DIR=/data node …
//
// The third write to a file below /data fails with ENOSPC; with `forever` all later ones fail, too. Files count from when
// they are opened, whoever opens them: Node, the addon, the store of the run's state. Kinds, and what counts as one call:
//
//   open, read, sync, truncate, link, rename, mkdir     the system call
//   remove     unlink or rmdir
//   step       any of sync, commit, link, rename, mkdir and remove: what takes a run from one state on disk to the next
//   write      any write; short: the same, but instead of failing half of the bytes are written
//   commit     a write of an LMDB meta page, which is what makes a transaction count
//   mmap       a map of a file below the folder, or of plain memory asked for by the addon
//   malloc     an allocation by the addon: malloc and its kin, and operator new. V8's own are left alone: it would abort.
//
// With KILL for an errno the process ends there instead, as by `kill -9`, before the call is made.
//
// Each process counts for itself. RUNJOB_FAULT_LOG names a file, outside the folder, that gets a line for each fault; with
// RUNJOB_FAULT=count nothing fails, and at its end the process adds a line `kind calls` for each kind. Needs glibc.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum Kind {
  kOpen,
  kRead,
  kWrite,
  kShort,
  kCommit,
  kSync,
  kTruncate,
  kLink,
  kRename,
  kMkdir,
  kRemove,
  kStep,
  kMmap,
  kMalloc,
  kKinds,
  kNone
};

static const char* const kNames[kKinds] = {"open", "read",   "write", "short",  "commit", "sync", "truncate",
                                           "link", "rename", "mkdir", "remove", "step",   "mmap", "malloc"};

static enum Kind fault_kind = kNone;
static long fault_number;
static bool fault_forever;
static int fault_error;  // 0: the process is killed
static const char* fault_dir;
static size_t fault_dir_size;
static const char* fault_log;
static bool counts_all;
static atomic_long calls[kKinds];

// File descriptors of files below the folder.
enum { kMaxFiles = 1 << 16 };
static atomic_bool watched[kMaxFiles];

// Where the addon's code lies; empty until it is loaded.
static _Atomic uintptr_t addon_start, addon_end;

static int ErrorNamed(const char* name) {
  if (strcmp(name, "EIO") == 0) return EIO;
  if (strcmp(name, "ENOSPC") == 0) return ENOSPC;
  if (strcmp(name, "ENOMEM") == 0) return ENOMEM;
  if (strcmp(name, "EMFILE") == 0) return EMFILE;
  return 0;
}

__attribute__((constructor)) static void Configure(void) {
  const char* spec = getenv("RUNJOB_FAULT");
  fault_dir = getenv("RUNJOB_FAULT_DIR");
  fault_log = getenv("RUNJOB_FAULT_LOG");
  if (spec == NULL || fault_dir == NULL) return;
  fault_dir_size = strlen(fault_dir);
  counts_all = strcmp(spec, "count") == 0;
  if (counts_all) return;
  char kind[16], times[16], error[16];
  if (sscanf(spec, "%15[a-z]:%ld:%15[a-z]:%15[A-Z]", kind, &fault_number, times, error) == 4) {
    fault_forever = strcmp(times, "forever") == 0;
    fault_error = ErrorNamed(error);
    const bool is_known = fault_error != 0 || strcmp(error, "KILL") == 0;
    for (int i = 0; i < kKinds; i++) {
      if (strcmp(kind, kNames[i]) == 0 && is_known) fault_kind = (enum Kind)i;
    }
  }
  if (fault_kind == kNone) {
    fprintf(stderr, "RUNJOB_FAULT=%s: want kind:number:once|forever:errno|KILL\n", spec);
    _exit(70);
  }
}

// By the bare system calls: neither counted nor able to fail on purpose.
static void Log(enum Kind kind, const char* what) {
  if (fault_log == NULL) return;
  const int fd = (int)syscall(SYS_openat, AT_FDCWD, fault_log, O_WRONLY | O_CREAT | O_APPEND, 0644);
  if (fd < 0) return;
  char line[512];
  const int size = snprintf(line, sizeof(line), "%s %s\n", kNames[kind], what);
  syscall(SYS_write, fd, line, size < (int)sizeof(line) ? size : (int)sizeof(line) - 1);
  syscall(SYS_close, fd);
}

__attribute__((destructor)) static void LogCounts(void) {
  for (int i = 0; counts_all && i < kKinds; i++) {
    char number[24];
    snprintf(number, sizeof(number), "%ld", atomic_load(&calls[i]));
    Log((enum Kind)i, number);
  }
}

static bool IsStep(enum Kind kind) {
  return kind == kSync || kind == kCommit || kind == kLink || kind == kRename || kind == kMkdir || kind == kRemove;
}

// Whether calls of this kind are counted.
static bool Counts(enum Kind kind) { return counts_all || kind == fault_kind || (fault_kind == kStep && IsStep(kind)); }

// Counts a call of this kind; true, with errno set, if it is to fail. Does not return if the process is to end.
static bool Fails(enum Kind kind, const char* what) {
  if (!Counts(kind)) return false;
  if (counts_all) {
    atomic_fetch_add(&calls[kind], 1);
    if (IsStep(kind)) atomic_fetch_add(&calls[kStep], 1);
    return false;
  }
  const long number = atomic_fetch_add(&calls[fault_kind], 1) + 1;
  if (number < fault_number || (number > fault_number && !fault_forever)) return false;
  Log(kind, what);
  if (fault_error == 0) {
    kill(getpid(), SIGKILL);
    for (;;) pause();
  }
  errno = fault_error;
  return true;
}

static bool IsBelow(const char* path) {
  return fault_dir != NULL && path != NULL && strncmp(path, fault_dir, fault_dir_size) == 0 &&
         path[fault_dir_size] == '/';
}

static bool IsWatched(int fd) { return fd >= 0 && fd < kMaxFiles && atomic_load(&watched[fd]); }

static bool FileFails(enum Kind kind, int fd) {
  if (!Counts(kind) || !IsWatched(fd)) return false;
  char link[32], path[256];
  snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
  const ssize_t size = readlink(link, path, sizeof(path) - 1);
  path[size < 0 ? 0 : size] = '\0';
  return Fails(kind, path);
}

static bool IsAddon(const void* caller) {
  return (uintptr_t)caller >= atomic_load(&addon_start) && (uintptr_t)caller < atomic_load(&addon_end);
}

// The function that ours hides.
#define REAL(name)               \
  static __typeof__(name)* real; \
  if (real == NULL) real = (__typeof__(name)*)dlsym(RTLD_NEXT, #name)

static int FindAddon(struct dl_phdr_info* info, size_t size, void* unused) {
  (void)size;
  (void)unused;
  static const char kAddon[] = "/runjob.node";
  const size_t length = strlen(info->dlpi_name);
  if (length < sizeof(kAddon) - 1 || strcmp(info->dlpi_name + length - (sizeof(kAddon) - 1), kAddon) != 0) return 0;
  uintptr_t end = info->dlpi_addr;
  for (int i = 0; i < info->dlpi_phnum; i++) {
    const ElfW(Phdr)* header = &info->dlpi_phdr[i];
    const uintptr_t segment_end = info->dlpi_addr + header->p_vaddr + header->p_memsz;
    if (header->p_type == PT_LOAD && segment_end > end) end = segment_end;
  }
  atomic_store(&addon_start, info->dlpi_addr);
  atomic_store(&addon_end, end);
  return 1;
}

void* dlopen(const char* path, int flags) {
  REAL(dlopen);
  void* handle = real(path, flags);
  if (Counts(kMalloc) || Counts(kMmap)) dl_iterate_phdr(FindAddon, NULL);
  return handle;
}

// Files: opening and closing.

static int Watch(int fd, const char* path) {
  if (fd >= 0 && fd < kMaxFiles) atomic_store(&watched[fd], IsBelow(path));
  return fd;
}

#define OPEN(name)                                                                       \
  int name(const char* path, int flags, ...) {                                           \
    REAL(name);                                                                          \
    va_list arguments;                                                                   \
    va_start(arguments, flags);                                                          \
    const mode_t mode = (flags & (O_CREAT | O_TMPFILE)) ? va_arg(arguments, mode_t) : 0; \
    va_end(arguments);                                                                   \
    if (IsBelow(path) && Fails(kOpen, path)) return -1;                                  \
    return Watch(real(path, flags, mode), path);                                         \
  }
OPEN(open)
OPEN(open64)

int close(int fd) {
  REAL(close);
  if (fd >= 0 && fd < kMaxFiles) atomic_store(&watched[fd], false);
  return real(fd);
}

// Files: reading and writing.

#define READ(name, parameters, arguments) \
  ssize_t name parameters {               \
    REAL(name);                           \
    if (FileFails(kRead, fd)) return -1;  \
    return real arguments;                \
  }
READ(read, (int fd, void* data, size_t size), (fd, data, size))
READ(readv, (int fd, const struct iovec* parts, int count), (fd, parts, count))
READ(pread, (int fd, void* data, size_t size, off_t at), (fd, data, size, at))
READ(pread64, (int fd, void* data, size_t size, off64_t at), (fd, data, size, at))

// A meta page's fields, without the page's header, at the start of one of the first two pages (mdb_env_write_meta).
static bool IsMetaPage(size_t size, off_t at) {
  const off_t page = sysconf(_SC_PAGESIZE);
  return size < 256 && at > 0 && at < 2 * page && at % page < 256;
}

ssize_t write(int fd, const void* data, size_t size) {
  REAL(write);
  if (FileFails(kWrite, fd)) return -1;
  if (size > 1 && FileFails(kShort, fd)) size /= 2;
  return real(fd, data, size);
}

ssize_t writev(int fd, const struct iovec* parts, int count) {
  REAL(writev);
  if (FileFails(kWrite, fd)) return -1;
  if (count > 1 && FileFails(kShort, fd)) count /= 2;
  return real(fd, parts, count);
}

#define PWRITE(name, offset)                                       \
  ssize_t name(int fd, const void* data, size_t size, offset at) { \
    REAL(name);                                                    \
    if (FileFails(kWrite, fd)) return -1;                          \
    if (IsMetaPage(size, at) && FileFails(kCommit, fd)) return -1; \
    if (size > 1 && FileFails(kShort, fd)) size /= 2;              \
    return real(fd, data, size, at);                               \
  }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

// Files: everything else.

#define FILE_CALL(kind, name, parameters, arguments) \
  int name parameters {                              \
    REAL(name);                                      \
    if (FileFails(kind, fd)) return -1;              \
    return real arguments;                           \
  }
FILE_CALL(kSync, fsync, (int fd), (fd))
FILE_CALL(kSync, fdatasync, (int fd), (fd))
FILE_CALL(kTruncate, ftruncate, (int fd, off_t size), (fd, size))
FILE_CALL(kTruncate, ftruncate64, (int fd, off64_t size), (fd, size))

int link(const char* from, const char* to) {
  REAL(link);
  if (IsBelow(to) && Fails(kLink, to)) return -1;
  return real(from, to);
}

int rename(const char* from, const char* to) {
  REAL(rename);
  if (IsBelow(to) && Fails(kRename, to)) return -1;
  return real(from, to);
}

int mkdir(const char* path, mode_t mode) {
  REAL(mkdir);
  if (IsBelow(path) && Fails(kMkdir, path)) return -1;
  return real(path, mode);
}

int unlink(const char* path) {
  REAL(unlink);
  if (IsBelow(path) && Fails(kRemove, path)) return -1;
  return real(path);
}

int rmdir(const char* path) {
  REAL(rmdir);
  if (IsBelow(path) && Fails(kRemove, path)) return -1;
  return real(path);
}

#define MMAP(name, offset)                                                                           \
  void* name(void* place, size_t size, int protection, int flags, int fd, offset at) {               \
    REAL(name);                                                                                      \
    const bool fails = (flags & MAP_ANONYMOUS)                                                       \
                           ? IsAddon(__builtin_return_address(0)) && Fails(kMmap, "of plain memory") \
                           : FileFails(kMmap, fd);                                                   \
    if (fails) return MAP_FAILED;                                                                    \
    return real(place, size, protection, flags, fd, at);                                             \
  }
MMAP(mmap, off_t)
MMAP(mmap64, off64_t)

// Memory. dlsym() allocates, so the real functions are called by glibc's own names for them.

extern void* __libc_malloc(size_t size);
extern void* __libc_calloc(size_t count, size_t size);
extern void* __libc_realloc(void* old, size_t size);
// libstdc++, which Node brings with it.
extern void _ZSt17__throw_bad_allocv(void) __attribute__((weak, noreturn));

static bool AllocationFails(const void* caller) { return Counts(kMalloc) && IsAddon(caller) && Fails(kMalloc, ""); }

void* malloc(size_t size) { return AllocationFails(__builtin_return_address(0)) ? NULL : __libc_malloc(size); }
void* calloc(size_t count, size_t size) {
  return AllocationFails(__builtin_return_address(0)) ? NULL : __libc_calloc(count, size);
}
void* realloc(void* old, size_t size) {
  return AllocationFails(__builtin_return_address(0)) ? NULL : __libc_realloc(old, size);
}

static void* New(size_t size, const void* caller) {
  void* data = AllocationFails(caller) ? NULL : __libc_malloc(size == 0 ? 1 : size);
  if (data == NULL) _ZSt17__throw_bad_allocv();
  return data;
}
void* _Znwm(size_t size) { return New(size, __builtin_return_address(0)); }
void* _Znam(size_t size) { return New(size, __builtin_return_address(0)); }
