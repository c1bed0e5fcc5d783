// What Node.js's file system lacks: locks that the system itself releases when their process ends, however it
// ends, and two paths that change places in one step.
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
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

// 0 when done.
int exchange(const char* one, const char* other) {
#ifdef __APPLE__
  return ::renamex_np(one, other, RENAME_SWAP);
#else
  return ::renameat2(AT_FDCWD, one, AT_FDCWD, other, RENAME_EXCHANGE);
#endif
}

// exchangePaths(one, other) → whether they have changed places; false where the system or the file system
// cannot do it.
napi_value exchangePaths(napi_env env, size_t, napi_value* argv) {
  const std::string one = toStr(env, argv[0]), other = toStr(env, argv[1]);
  if (exchange(one.c_str(), other.c_str()) == 0) return boolean(env, true);
  const int reason = errno;
  if (reason == EINVAL || reason == ENOSYS || reason == ENOTSUP || reason == EXDEV || reason == EPERM)
    return boolean(env, false);
  throw JsError("DATA", other + ": cannot change places with " + one + ": " + std::strerror(reason));
}

}  // namespace

void initFiles(napi_env env, napi_value exports) {
  def<lockFile, 1>(env, exports, "lockFile");
  def<unlockFile, 1>(env, exports, "unlockFile");
  def<exchangePaths, 2>(env, exports, "exchangePaths");
}

}  // namespace lt
