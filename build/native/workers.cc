#include "workers.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace flipguard {
namespace {

/** One operation's parts. Whoever takes the last one may still be at work when no more are left to take. */
struct Job {
  Job(const std::function<void(int64_t)> &work, int64_t parts) : part(work), count(parts) {}

  const std::function<void(int64_t)> &part;
  const int64_t count;
  std::atomic<int64_t> next{0};
  std::atomic<int64_t> done{0};
  std::atomic<bool> failed{false};
  /** What the first part that failed has thrown. */
  std::exception_ptr failure;

  /** Takes parts until none is left; → whether this call finished the last one. */
  bool work() {
    bool last = false;
    for (int64_t i = next++; i < count; i = next++) {
      try {
        part(i);
      } catch (...) {
        if (!failed.exchange(true)) failure = std::current_exception();
      }
      last = ++done == count;
    }
    return last;
  }
};

class Workers {
 public:
  explicit Workers(unsigned threads) {
    for (unsigned i = 1; i < threads; i++) threads_.emplace_back([this] { serve(); });
  }

  ~Workers() {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      ending_ = true;
    }
    wake_.notify_all();
    for (std::thread &thread : threads_) thread.join();
  }

  void run(int64_t count, const std::function<void(int64_t)> &part) {
    const auto job = std::make_shared<Job>(part, count);
    if (count > 1 && !threads_.empty()) {
      {
        std::lock_guard<std::mutex> lock(mutex_);
        jobs_.push_back(job);
      }
      if (count > 2)
        wake_.notify_all();
      else
        wake_.notify_one();
    }
    job->work();
    std::unique_lock<std::mutex> lock(mutex_);
    const auto at = std::find(jobs_.begin(), jobs_.end(), job);
    if (at != jobs_.end()) jobs_.erase(at);
    finished_.wait(lock, [&] { return job->done == count; });
    if (job->failure != nullptr) std::rethrow_exception(job->failure);
  }

 private:
  void serve() {
    std::unique_lock<std::mutex> lock(mutex_);
    while (true) {
      wake_.wait(lock, [this] { return ending_ || !jobs_.empty(); });
      if (ending_) return;
      const std::shared_ptr<Job> job = jobs_.front();
      lock.unlock();
      const bool last = job->work();
      lock.lock();
      // Nothing is left to take of it.
      if (!jobs_.empty() && jobs_.front() == job) jobs_.pop_front();
      if (last) finished_.notify_all();
    }
  }

  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable finished_;
  std::deque<std::shared_ptr<Job>> jobs_;
  std::vector<std::thread> threads_;
  bool ending_ = false;
};

unsigned threadsPerOperation() {
  const char *wanted = std::getenv("TF_NUM_INTRAOP_THREADS");
  const long number = wanted == nullptr ? 0 : std::strtol(wanted, nullptr, 10);
  return number > 0 ? static_cast<unsigned>(number) : std::max(1u, std::thread::hardware_concurrency());
}

std::mutex poolMutex;
std::shared_ptr<Workers> pool;
bool ended = false;

std::shared_ptr<Workers> workers() {
  std::lock_guard<std::mutex> lock(poolMutex);
  if (pool == nullptr && !ended) pool = std::make_shared<Workers>(threadsPerOperation());
  return pool;
}

}  // namespace

void inParts(int64_t count, const std::function<void(int64_t)> &part) {
  const std::shared_ptr<Workers> shared = count > 1 ? workers() : nullptr;
  if (shared != nullptr) return shared->run(count, part);
  for (int64_t i = 0; i < count; i++) part(i);
}

void endWorkers() {
  std::shared_ptr<Workers> last;
  {
    std::lock_guard<std::mutex> lock(poolMutex);
    ended = true;
    last.swap(pool);
  }
}

}  // namespace flipguard
