// The names in a folder, as the kernel lists them.
#pragma once

#include <dirent.h>

#include <cerrno>
#include <cstdint>

#include "engine/source/beneath.h"
#include "engine/source/node.h"

namespace backcast::source {

// Of a d_type; a file for whatever has no kind of its own, DT_UNKNOWN too.
inline NodeKind kind_of_entry(unsigned char type) {
  switch (type) {
    case DT_DIR:
      return NodeKind::kFolder;
    case DT_LNK:
      return NodeKind::kSymlink;
    case DT_FIFO:
      return NodeKind::kFifo;
    case DT_SOCK:
      return NodeKind::kSocket;
    case DT_CHR:
      return NodeKind::kCharDevice;
    case DT_BLK:
      return NodeKind::kBlockDevice;
    default:
      return NodeKind::kFile;
  }
}

// Calls `visit` with each name and its d_type, in no order. readdir would do, at twice the calls
// for large folders. Returns an error number; what came before the error was visited.
template <typename Visit>
int read_names(env::Tree& tree, int folder, const Visit& visit) {
  struct Entry {  // linux_dirent64, getdents64(2)
    std::uint64_t inode;
    std::int64_t offset;
    std::uint16_t length;
    unsigned char type;
    char name[];
  };
  alignas(Entry) thread_local char buffer[64 << 10];
  for (;;) {
    const long got = uninterrupted([&] { return tree.list(folder, buffer, sizeof buffer); });
    if (got < 0) return errno;
    if (got == 0) return 0;
    for (long at = 0; at < got;) {
      const auto* entry = reinterpret_cast<const Entry*>(buffer + at);
      at += entry->length;
      const std::string_view name = entry->name;
      if (name != "." && name != "..") visit(entry->name, entry->type);
    }
  }
}

}  // namespace backcast::source
