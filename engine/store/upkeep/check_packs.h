// The packs' part of a check: what the index says, what is there, and what the bytes are.
#pragma once

#include <mutex>
#include <set>
#include <unordered_set>

#include "engine/store/packs/pack_check.h"
#include "engine/store/repository/damage.h"
#include "engine/store/upkeep/check.h"

namespace backcast::store {

class PackCheck {
 public:
  PackCheck(Repository& repository, const CheckOptions& options, CheckProgress& progress,
            CheckResult& result)
      : repository_(repository), options_(options), progress_(progress), result_(result) {}

  // In this order:
  Status look_for_packs();
  void read_packs();
  void name_damaged_chunks();  // best with the private key
  void weigh_damage();         // from then on the index prefers what is whole

  const Index& index() const { return index_; }
  void add_damage(std::string object, std::string what);

 private:
  void read_pack(std::uint32_t number, PackExaminer& examiner, bool opening);
  void add_recorded(const BadPack& bad);
  bool was_noted(const Id& pack);    // its deletion, in the journal
  bool was_deleted(const Id& pack);  // no index names it any more

  Repository& repository_;
  const CheckOptions& options_;
  CheckProgress& progress_;
  CheckResult& result_;
  Index index_;
  std::set<std::uint32_t> absent_, suspects_;  // packs: not as the index says; of another digest
  std::mutex mutex_;
  std::vector<std::pair<std::uint32_t, PackVerdict>> verdicts_;
  std::unordered_set<Id, IdHash> whole_, judged_;  // packs that are what was written, and others
  std::vector<BadPack> recorded_;                  // by whoever looked before
  std::vector<BadPack> found_;                     // to be recorded
};

}  // namespace backcast::store
