#include "engine/store/repository/mark.h"

namespace backcast::store {

std::string encode_mark(const Mark& mark) {
  std::string out;
  WireWriter writer(out);
  writer.zigzag(mark.made.time_since_epoch().count());
  writer.varint(mark.packs.size());
  for (const Id& id : mark.packs) writer.fixed(view(id));
  return out;
}

Result<Mark> decode_mark(const Id& id, ByteView bytes) {
  WireReader in(bytes);
  Mark mark{id, Instant(Duration(in.zigzag())), {}};
  const std::uint64_t count = in.varint(bytes.size() / kIdBytes);
  for (std::uint64_t i = 0; i < count && in.ok(); ++i) mark.packs.push_back(read_id(in));
  if (!in.ok() || !in.at_end()) {
    return Error{Errc::kCorrupt, name_of(ObjectType::kMark, id) + ": damaged", {}, {}};
  }
  return mark;
}

Result<std::vector<Mark>> load_marks(Repository& repository, std::vector<Damage>* damaged) {
  BACKCAST_TRY(const auto ids, repository.objects().list(ObjectType::kMark));
  std::vector<Mark> marks;
  for (const Id& id : ids) {
    const auto plain = repository.objects().load(ObjectType::kMark, id);
    auto mark = plain.ok() ? decode_mark(id, as_bytes(*plain)) : plain.error();
    if (!mark.ok() && damaged && mark.error().code == Errc::kCorrupt) {
      damaged->push_back({name_of(ObjectType::kMark, id), mark.error().message});
      continue;
    }
    if (!mark.ok()) return mark.error();
    marks.push_back(*std::move(mark));
  }
  return marks;
}

}  // namespace backcast::store
