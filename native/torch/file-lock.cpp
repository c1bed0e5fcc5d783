// File locks that the system itself releases when their process ends, however it ends.
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "common/addon.h"
#include "common/napi.h"

namespace lt {
namespace {

// Cluster file systems may be mounted without locks.
bool hasNoLocks(int reason) { return reason == ENOSYS || reason == ENOLCK || reason == EOPNOTSUPP; }

// lockFile(path) → the open file's number; undefined when another process holds the lock. Makes the file if
// need be. Where the file system has no locks, nothing is locked.
napi_value lockFile(napi_env env, size_t, napi_value* argv) {
  const std::string path = toStr(env, argv[0]);
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (file < 0) throw JsError("DATA", path + ": cannot be opened: " + std::strerror(errno));
  if (::flock(file, LOCK_EX | LOCK_NB) == 0 || hasNoLocks(errno)) return num(env, file);
  const int reason = errno;
  ::close(file);
  if (reason == EWOULDBLOCK) return undefined(env);
  throw JsError("DATA", path + ": cannot be locked: " + std::strerror(reason));
}

// unlockFile(number)
napi_value unlockFile(napi_env env, size_t, napi_value* argv) {
  ::close(static_cast<int>(toInt(env, argv[0])));
  return undefined(env);
}

}  // namespace

void initFileLocks(napi_env env, napi_value exports) {
  def<lockFile, 1>(env, exports, "lockFile");
  def<unlockFile, 1>(env, exports, "unlockFile");
}

}  // namespace lt
