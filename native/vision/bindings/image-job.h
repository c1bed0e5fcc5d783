// Work on every image of a source while JavaScript's event loop runs.
#pragma once
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "common/napi.h"
#include "common/parallel-for.h"
#include "common/registry.h"
#include "vision/bindings/conversions.h"
#include "vision/codecs/decode.h"
#include "vision/image/interruption.h"

namespace lt::vision {

// Threads that compute a result of each image, and references to the arrays whose memory they read. Its end
// interrupts the images in work.
template <class Result>
class ImageJob {
 public:
  using Work = std::function<Result(const Source&, size_t)>;

  ImageJob(std::unique_ptr<const Source> source, int threads, Work work)
      : source_(std::move(source)), results_(source_->size()) {
    thread_ = std::thread([this, threads, work = std::move(work)] {
      run(threads, work);
      endDecodingThread();
      {
        const std::lock_guard<std::mutex> lock(mutex_);
        isDone_ = true;
      }
      done_.notify_all();
    });
  }
  ~ImageJob() {
    interrupted_ = true;
    thread_.join();
  }
  ImageJob(const ImageJob&) = delete;

  // Null while it is in work after `patience`. Throws what the first image (by index) that failed threw.
  const std::vector<Result>* results(std::chrono::milliseconds patience) {
    std::unique_lock<std::mutex> lock(mutex_);
    if (!done_.wait_for(lock, patience, [&] { return isDone_; })) return nullptr;
    if (error_) std::rethrow_exception(error_);
    return &results_;
  }

  std::vector<napi_ref> borrowed;

 private:
  void run(int threads, const Work& work) {
    try {
      parallelFor(
          results_.size(), threads,
          [&](size_t i) {
            const Interruptible interruptible(interrupted_);
            try {
              if (!interrupted_) results_[i] = work(*source_, i);
            } catch (const Interrupted&) {
            }
          },
          endDecodingThread);
    } catch (...) {
      error_ = std::current_exception();
    }
  }

  const std::unique_ptr<const Source> source_;
  std::vector<Result> results_;
  std::exception_ptr error_;
  std::atomic<bool> interrupted_{false};
  std::mutex mutex_;
  std::condition_variable done_;
  bool isDone_ = false;
  std::thread thread_;
};

// The jobs of one kind, by the numbers that JavaScript knows them by.
template <class Result>
class ImageJobs {
 public:
  explicit ImageJobs(const char* what) : jobs_(what) {}

  // → id
  napi_value start(napi_env env, BorrowingSource from, int threads, typename ImageJob<Result>::Work work) {
    const auto job = std::make_shared<ImageJob<Result>>(std::move(from.source), threads, std::move(work));
    for (const napi_value array : from.borrowed)
      check(env, napi_create_reference(env, array, 1, &job->borrowed.emplace_back()),
            "napi_create_reference");
    return num(env, static_cast<double>(jobs_.put(job, env)));
  }

  // Null while it is in work after that time.
  const std::vector<Result>* await(int64_t id, int64_t milliseconds) {
    return withDataErrors([&] { return jobs_.get(id)->results(std::chrono::milliseconds(milliseconds)); });
  }

  void close(napi_env env, int64_t id) {
    auto job = jobs_.take(id);
    if (!job) return;
    const std::vector<napi_ref> borrowed = std::move(job->borrowed);
    job.reset();
    for (const napi_ref array : borrowed) napi_delete_reference(env, array);
  }

 private:
  Registry<std::shared_ptr<ImageJob<Result>>> jobs_;
};

}  // namespace lt::vision
