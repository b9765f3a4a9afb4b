// An array that grows in place: std::vector moves to twice the room by copying, so that for a
// moment both are in memory. The C library's realloc moves the pages of a large block instead.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>
#include <type_traits>

#include "engine/base/assert.h"

namespace backcast::store {

template <typename T>
class FlatArray {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  std::size_t size() const { return size_; }
  T& operator[](std::size_t i) { return items_.get()[i]; }
  const T& operator[](std::size_t i) const { return items_.get()[i]; }
  operator std::span<const T>() const { return {items_.get(), size_}; }
  std::span<const T> all() const { return *this; }

  void push_back(const T& item) {
    if (size_ == capacity_) {
      capacity_ = capacity_ == 0 ? 1024 : capacity_ * 2;
      void* grown = std::realloc(items_.get(), capacity_ * sizeof(T));
      BACKCAST_ASSERT(grown != nullptr);
      (void)items_.release();
      items_.reset(static_cast<T*>(grown));
    }
    items_.get()[size_++] = item;
  }

  FlatArray() = default;
  FlatArray(FlatArray&& other) noexcept { swap(other); }
  FlatArray& operator=(FlatArray&& other) noexcept {
    swap(other);
    return *this;
  }

 private:
  struct Free {
    void operator()(T* items) const { std::free(items); }
  };
  void swap(FlatArray& other) noexcept {
    std::swap(items_, other.items_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
  }

  std::unique_ptr<T, Free> items_;
  std::size_t size_ = 0, capacity_ = 0;
};

}  // namespace backcast::store
