#include "vision/codecs/vips.h"

#include <mutex>
#include <stdexcept>

namespace lt::vision {

void startVips() {
  static std::once_flag once;
  std::call_once(once, [] {
    if (VIPS_INIT("longtail"))
      throw std::runtime_error(std::string("libvips does not start: ") + vips_error_buffer());
    vips_concurrency_set(1);  // the producer's threads are the parallelism
    vips_cache_set_max(0);
    g_log_set_handler(
        "VIPS", G_LOG_LEVEL_WARNING, [](const gchar*, GLogLevelFlags, const gchar*, gpointer) {}, nullptr);
  });
}

std::string takeVipsError() {
  const std::string text = vips_error_buffer();
  vips_error_clear();
  return text.substr(0, text.find('\n'));
}

}  // namespace lt::vision
