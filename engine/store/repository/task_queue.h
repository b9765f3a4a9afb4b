// A bounded queue of work for a fixed number of threads. With one, the work is done by whoever adds
// it: then everything happens in one order.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace backcast::store {

template <typename Context>  // what each thread owns: readers, buffers
class TaskQueue {
 public:
  using Task = std::function<void(Context&)>;
  using MakeContext = std::function<std::unique_ptr<Context>()>;

  TaskQueue(unsigned threads, std::size_t capacity, const MakeContext& make) : capacity_(capacity) {
    if (threads == 1) own_ = make();
    for (unsigned i = 0; !own_ && i < threads; ++i) {
      threads_.emplace_back([this, make] { run(*make()); });
    }
  }
  ~TaskQueue() { finish(); }
  TaskQueue(const TaskQueue&) = delete;
  TaskQueue& operator=(const TaskQueue&) = delete;

  // Waits while the queue is full.
  void add(Task task) {
    if (own_) return task(*own_);
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return tasks_.size() < capacity_; });
    tasks_.push_back(std::move(task));
    changed_.notify_all();
  }

  // Waits until everything added is done. No add afterwards.
  void finish() {
    {
      std::lock_guard lock(mutex_);
      ended_ = true;
      changed_.notify_all();
    }
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }

 private:
  void run(Context& context) {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [&] { return !tasks_.empty() || ended_; });
      if (tasks_.empty()) return;
      Task task = std::move(tasks_.front());
      tasks_.pop_front();
      changed_.notify_all();
      lock.unlock();
      task(context);
      task = nullptr;
      lock.lock();
    }
  }

  const std::size_t capacity_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Task> tasks_;
  bool ended_ = false;
  std::unique_ptr<Context> own_;
  std::vector<std::thread> threads_;
};

}  // namespace backcast::store
