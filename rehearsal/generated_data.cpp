#include "rehearsal/generated_data.h"

#include <fmt/format.h>

#include <array>

#include "sim/model/portable_math.h"

namespace backcast::sim {
namespace {

constexpr std::size_t kBlocksPerFolder = 256;

std::string folder_of(std::size_t block) {
  return fmt::format("{:04}", block / kBlocksPerFolder);
}
std::string name_of(std::size_t block) {
  return fmt::format("{}/{:06}", folder_of(block), block);
}

}  // namespace

GeneratedData::GeneratedData(env::Folder& folder, const DeltaModel& model, Draws draws,
                             std::uint32_t entity)
    : folder_(folder), model_(model), draws_(draws), entity_(entity) {}

double GeneratedData::survives(std::uint8_t rate, double passed) const {
  const SurvivalCurve& c = model_.curve;
  const std::array<double, 3> rates{c.rate1, c.rate2, c.rate3};
  return portable_exp(-rates[rate] * passed);
}

GeneratedData::Block GeneratedData::new_block() {
  const double u = draws_.uniform(entity_, Purpose::kHistory, drawn_++);
  const SurvivalCurve& c = model_.curve;
  const std::uint8_t rate = u < c.w1 ? 0 : u < c.w1 + c.w2 ? 1 : 2;
  return {contents_++, rate};
}

Status GeneratedData::write(std::size_t block) {
  const std::string name = name_of(block);
  if (auto removed = folder_.remove(name);
      !removed.ok() && removed.error().code != Errc::kNotFound) {
    return removed;
  }
  std::array<std::uint64_t, kBlockBytes / sizeof(std::uint64_t)> words;
  // A counter through the draws' own generator: incompressible, and the same on any machine.
  const auto key = static_cast<std::uint32_t>(blocks_[block].content);
  for (std::size_t i = 0; i < words.size(); i += 2) {
    const auto out = philox4x32({static_cast<std::uint32_t>(i), entity_, key, 0}, {key, entity_});
    words[i] = std::uint64_t{out[0]} << 32 | out[1];
    words[i + 1] = std::uint64_t{out[2]} << 32 | out[3];
  }
  BACKCAST_TRY(const auto file, folder_.create(name));
  return file->append(ByteView(reinterpret_cast<const std::uint8_t*>(words.data()), sizeof(words)));
}

Status GeneratedData::advance(double operational_time, std::uint64_t stored_bytes) {
  const double passed = operational_time - time_;
  time_ = operational_time;
  const bool all_dies = model_.kind == DeltaModel::Kind::kHalfOfDisk;
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    const double u = draws_.uniform(entity_, Purpose::kHistory, drawn_++);
    if (!all_dies && u < survives(blocks_[i].rate, passed)) continue;
    blocks_[i].content = contents_++;  // same rate: the population keeps the curve's weights
    BACKCAST_CHECK(write(i));
  }
  const std::uint64_t wanted = (stored_bytes + kBlockBytes / 2) / kBlockBytes;
  while (blocks_.size() > wanted) {
    BACKCAST_CHECK(folder_.remove(name_of(blocks_.size() - 1)));
    blocks_.pop_back();
  }
  while (blocks_.size() < wanted) {
    if (blocks_.size() % kBlocksPerFolder == 0) {
      auto made = folder_.make_folder(folder_of(blocks_.size()));
      if (!made.ok() && made.error().code != Errc::kExists) return made;
    }
    blocks_.push_back(new_block());
    BACKCAST_CHECK(write(blocks_.size() - 1));
  }
  return kOk;
}

}  // namespace backcast::sim
