// What the columns of a list are, by their headings.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace backcast::inventory {

enum class Field : std::uint8_t {
  kTag,  // none of the others: a cost tag
  kLeftOut,
  kName,
  kOtherName,  // where the name is empty: the id of a volume
  kUsed,       // bytes in use: what a backup reads
  kSize,       // bytes provisioned
  kRegion,
  kZone,  // of availability: its region
  kSite,
  kProvider,
  kCloud,
  kKind,
  kProject,
  kSchedule,
  kPolicy,
  kGrowth,
  kChange,
  kTags,
};

struct Column {
  std::string heading;
  Field field = Field::kTag;
  std::uint64_t unit = 0;     // of a size, stated by the heading or the form; 0: by the cells
  bool is_share = false;      // growth, change: the heading says percent
  bool is_per_day = false;    // growth: the heading says per day
  bool has_fractions = true;  // false: whole numbers alone, so that a comma parts thousands
};

struct Columns {
  std::string form = "table";
  std::string provider;  // that the form implies
  std::vector<Column> all;

  // The first column of this field; none is all.size().
  std::size_t find(Field field) const;
  bool has(Field field) const { return find(field) < all.size(); }
};

// Letters and digits, lower-case, words parted by one blank.
std::string plain_heading(std::string_view heading);

Columns columns_of(const std::vector<std::string>& headings);
Columns df_columns(const std::vector<std::string>& headings);

}  // namespace backcast::inventory
