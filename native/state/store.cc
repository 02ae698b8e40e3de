#include "state/store.h"

#include <lmdb.h>

#include <mutex>
#include <set>

#include "base/file.h"

namespace runjob {
namespace {

// Address space only. Doubled when it does not suffice.
constexpr size_t kFirstMapBytes = size_t{64} << 20;

// A transaction that aborts unless it is committed.
class Transaction {
 public:
  ~Transaction() {
    if (txn_ != nullptr) mdb_txn_abort(txn_);
  }
  Transaction() = default;
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  int Begin(MDB_env* env, unsigned int flags) {
    int rc = mdb_txn_begin(env, nullptr, flags, &txn_);
    if (rc == MDB_MAP_RESIZED) {
      // The writer of the file needed more room.
      rc = mdb_env_set_mapsize(env, 0);
      if (rc == 0) rc = mdb_txn_begin(env, nullptr, flags, &txn_);
    }
    return rc == 0 ? mdb_dbi_open(txn_, nullptr, 0, &dbi_) : rc;
  }
  int Commit() { return mdb_txn_commit(std::exchange(txn_, nullptr)); }

  MDB_txn* txn() const { return txn_; }
  MDB_dbi dbi() const { return dbi_; }

 private:
  MDB_txn* txn_ = nullptr;
  MDB_dbi dbi_ = 0;
};

MDB_val ToVal(Slice slice) { return {slice.size, const_cast<char*>(slice.data)}; }
Slice ToSlice(const MDB_val& val) { return {static_cast<const char*>(val.mv_data), val.mv_size}; }

// Paths of the stores that are open, by any thread.
struct OpenPaths {
  std::mutex mutex;
  std::set<std::string> paths;
};
// Never destroyed: a store may outlive the statics.
OpenPaths& GlobalPaths() {
  static OpenPaths& paths = *new OpenPaths;
  return paths;
}

class LmdbStore : public Store {
 public:
  explicit LmdbStore(std::string path) : path_(std::move(path)) {}
  ~LmdbStore() override {
    if (env_ != nullptr) mdb_env_close(env_);
    // Not listed: there may have been no memory for the list, and trying again would throw from here.
    if (!is_listed_) return;
    OpenPaths& open = GlobalPaths();
    const std::lock_guard<std::mutex> lock(open.mutex);
    open.paths.erase(path_);
  }

  Status Open(bool read_only) {
    {
      OpenPaths& open = GlobalPaths();
      const std::lock_guard<std::mutex> lock(open.mutex);
      is_listed_ = open.paths.insert(path_).second;
    }
    if (!is_listed_) return Status::Error("BAD_ARGUMENT", path_ + " is open already");
    int rc = mdb_env_create(&env_);
    if (rc != 0) return Error("open", rc);
    rc = mdb_env_set_mapsize(env_, map_bytes_);
    if (rc != 0) return Error("open", rc);
    const unsigned int flags = MDB_NOSUBDIR | MDB_NOSYNC | MDB_NOTLS | (read_only ? MDB_RDONLY : 0u);
    rc = mdb_env_open(env_, path_.c_str(), flags, 0644);
    return rc == 0 ? Status::Ok() : Error("open", rc);
  }

  Status Write(const std::vector<std::string>& removes, const std::vector<Entry>& puts) override {
    for (;;) {
      int rc = TryWrite(removes, puts);
      if (rc == MDB_MAP_FULL) {
        // The map can only grow between transactions.
        map_bytes_ *= 2;
        rc = mdb_env_set_mapsize(env_, map_bytes_);
        if (rc == 0) continue;
      }
      return rc == 0 ? Status::Ok() : Error("write", rc);
    }
  }

  Status Get(const std::string& key, bool* found, std::string* value) override {
    Transaction transaction;
    int rc = transaction.Begin(env_, MDB_RDONLY);
    MDB_val k = ToVal(key);
    MDB_val v;
    if (rc == 0) rc = mdb_get(transaction.txn(), transaction.dbi(), &k, &v);
    *found = rc == 0;
    if (*found) value->assign(static_cast<const char*>(v.mv_data), v.mv_size);
    return rc == 0 || rc == MDB_NOTFOUND ? Status::Ok() : Error("read", rc);
  }

  Status Visit(const std::string& prefix, const Visitor& visitor) override {
    Transaction transaction;
    MDB_cursor* cursor = nullptr;
    int rc = transaction.Begin(env_, MDB_RDONLY);
    if (rc == 0) rc = mdb_cursor_open(transaction.txn(), transaction.dbi(), &cursor);
    const std::unique_ptr<MDB_cursor, decltype(&mdb_cursor_close)> closing(cursor, mdb_cursor_close);
    MDB_val k = ToVal(prefix);
    MDB_val v;
    if (rc == 0) rc = mdb_cursor_get(cursor, &k, &v, prefix.empty() ? MDB_FIRST : MDB_SET_RANGE);
    for (; rc == 0; rc = mdb_cursor_get(cursor, &k, &v, MDB_NEXT)) {
      const Slice key = ToSlice(k);
      if (key.size < prefix.size() || !(Slice(key.data, prefix.size()) == Slice(prefix))) return Status::Ok();
      RUNJOB_RETURN_IF_ERROR(visitor(key, ToSlice(v)));
    }
    return rc == MDB_NOTFOUND ? Status::Ok() : Error("read", rc);
  }

 private:
  int TryWrite(const std::vector<std::string>& removes, const std::vector<Entry>& puts) {
    Transaction transaction;
    int rc = transaction.Begin(env_, 0);
    for (size_t i = 0; rc == 0 && i < removes.size(); i++) {
      MDB_val k = ToVal(removes[i]);
      rc = mdb_del(transaction.txn(), transaction.dbi(), &k, nullptr);
      if (rc == MDB_NOTFOUND) rc = 0;
    }
    for (size_t i = 0; rc == 0 && i < puts.size(); i++) {
      MDB_val k = ToVal(puts[i].first);
      MDB_val v = ToVal(puts[i].second);
      rc = mdb_put(transaction.txn(), transaction.dbi(), &k, &v, 0);
    }
    return rc == 0 ? transaction.Commit() : rc;
  }

  // `error`: an errno, or a code of LMDB's, which are negative and mean that it finds the file odd.
  Status Error(const char* what, int error) const {
    const char* code = error < 0 ? "STATE_CORRUPT" : IsDiskFull(path_, error) ? "DISK_FULL" : "FILE_IO";
    return Status::Error(code, std::string(what) + ": " + mdb_strerror(error));
  }

  const std::string path_;
  bool is_listed_ = false;
  MDB_env* env_ = nullptr;
  size_t map_bytes_ = kFirstMapBytes;
};

}  // namespace

Status Store::Open(const std::string& path, bool read_only, std::unique_ptr<Store>* out) {
  auto store = std::make_unique<LmdbStore>(path);
  RUNJOB_RETURN_IF_ERROR(store->Open(read_only));
  *out = std::move(store);
  return Status::Ok();
}

}  // namespace runjob
