// Lets the addon of the package run wherever the engine does, glibc 2.28 and GCC 8's libstdc++, though it is compiled
// on a newer system. scripts/prepack.mjs links it with --wrap for each function below: the addon's calls come here, and
// go on to the older version of the symbol, or to a substitute where there is none.
#include <dlfcn.h>
#include <pthread.h>
#include <sys/stat.h>

#include <charconv>
#include <clocale>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>

// Binds a name of this file to a symbol's older version.
#define LT_OLDER(name, symbol) __asm__(".symver " #name ", " symbol)

extern "C" {

// glibc 2.34 took libdl and libpthread into libc.
LT_OLDER(older_dlopen, "dlopen@GLIBC_2.2.5");
LT_OLDER(older_dlsym, "dlsym@GLIBC_2.2.5");
LT_OLDER(older_dlerror, "dlerror@GLIBC_2.2.5");
LT_OLDER(older_pthread_once, "pthread_once@GLIBC_2.2.5");
void* older_dlopen(const char*, int);
void* older_dlsym(void*, const char*);
char* older_dlerror();
int older_pthread_once(pthread_once_t*, void (*)());
void* __wrap_dlopen(const char* file, int mode) { return older_dlopen(file, mode); }
void* __wrap_dlsym(void* handle, const char* name) { return older_dlsym(handle, name); }
char* __wrap_dlerror() { return older_dlerror(); }
int __wrap_pthread_once(pthread_once_t* once, void (*function)()) { return older_pthread_once(once, function); }

// glibc 2.33 made fstat a function of its own; 1 is the layout of struct stat on x86-64.
LT_OLDER(older_fxstat, "__fxstat@GLIBC_2.2.5");
int older_fxstat(int, int, struct stat*);
int __wrap_fstat(int file, struct stat* status) { return older_fxstat(1, file, status); }

// glibc 2.29 took the handling of matherr out of these; the numbers are the same.
LT_OLDER(older_exp, "exp@GLIBC_2.2.5");
LT_OLDER(older_log, "log@GLIBC_2.2.5");
LT_OLDER(older_pow, "pow@GLIBC_2.2.5");
double older_exp(double);
double older_log(double);
double older_pow(double, double);
double __wrap_exp(double x) { return older_exp(x); }
double __wrap_log(double x) { return older_log(x); }
double __wrap_pow(double x, double y) { return older_pow(x, y); }

// A hint of glibc 2.32 that spares atomic instructions; never set, it is always right.
__attribute__((visibility("hidden"))) char __libc_single_threaded = 0;

// glibc 2.30: waits by a clock that nobody sets.
int __wrap_pthread_cond_clockwait(pthread_cond_t* condition, pthread_mutex_t* mutex, clockid_t clock,
                                  const timespec* until) {
  using Function = int (*)(pthread_cond_t*, pthread_mutex_t*, clockid_t, const timespec*);
  static const auto function = reinterpret_cast<Function>(older_dlsym(RTLD_DEFAULT, "pthread_cond_clockwait"));
  if (function) return function(condition, mutex, clock, until);
  timespec now, day;
  clock_gettime(clock, &now);
  clock_gettime(CLOCK_REALTIME, &day);
  timespec at = {day.tv_sec + until->tv_sec - now.tv_sec, day.tv_nsec + until->tv_nsec - now.tv_nsec};
  for (; at.tv_nsec < 0; at.tv_nsec += 1'000'000'000) at.tv_sec--;
  for (; at.tv_nsec >= 1'000'000'000; at.tv_nsec -= 1'000'000'000) at.tv_sec++;
  return pthread_cond_timedwait(condition, mutex, &at);
}

// GCC 12 declared it noexcept.
LT_OLDER(older_wait, "_ZNSt18condition_variable4waitERSt11unique_lockISt5mutexE@GLIBCXX_3.4.11");
void older_wait(std::condition_variable*, std::unique_lock<std::mutex>&);
void __wrap__ZNSt18condition_variable4waitERSt11unique_lockISt5mutexE(std::condition_variable* condition,
                                                                      std::unique_lock<std::mutex>& lock) {
  older_wait(condition, lock);
}

}  // extern "C"

namespace {

locale_t plain() {
  static const locale_t locale = newlocale(LC_ALL_MASK, "C", nullptr);
  return locale;
}

}  // namespace

// GCC 11: numbers to text and back, correctly rounded, as glibc's printf and strtod are.
extern "C" std::to_chars_result __wrap__ZSt8to_charsPcS_dSt12chars_formati(char* first, char* last, double value,
                                                                           std::chars_format format, int precision) {
  const char* pattern = format == std::chars_format::fixed ? "%.*f" : format == std::chars_format::scientific ? "%.*e" : "%.*g";
  char text[512];
  const locale_t before = uselocale(plain());
  const int length = snprintf(text, sizeof text, pattern, precision, value);
  uselocale(before);
  if (length < 0 || length >= static_cast<int>(sizeof text) || length > last - first)
    return {last, std::errc::value_too_large};
  memcpy(first, text, static_cast<size_t>(length));
  return {first + length, std::errc{}};
}

extern "C" std::from_chars_result __wrap__ZSt10from_charsPKcS0_RdSt12chars_format(const char* first, const char* last,
                                                                                  double& value, std::chars_format) {
  char text[512];
  const auto length = static_cast<size_t>(last - first);
  if (length >= sizeof text) return {first, std::errc::result_out_of_range};
  memcpy(text, first, length);
  text[length] = '\0';
  char* end = nullptr;
  const double parsed = strtod_l(text, &end, plain());
  if (end == text) return {first, std::errc::invalid_argument};
  value = parsed;
  return {first + (end - text), std::errc{}};
}
