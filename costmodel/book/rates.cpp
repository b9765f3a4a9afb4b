#include "costmodel/book/rates.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>

#include "costmodel/book/book_loader.h"
#include "engine/base/text.h"

namespace backcast::cost {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxEntries = 100'000;

std::string rates_of(const PriceRow& row) {
  std::string text;
  for (const Tier& tier : row.tiers) text += (text.empty() ? "" : ", ") + to_string(tier.rate);
  return text;
}

class RateGiver {
 public:
  RateGiver(const std::vector<NamedBook>& books, const Document& document, std::string whose)
      : books_(books), faults_(document, Faults::Types::kToldHere), whose_(std::move(whose)) {}

  void read(const json& value, const std::string& pointer, const std::string& book) {
    const Fields fields(
        value, pointer,
        {"row", "rate", "percent_off", "because", "as_of", "certainty", "price_book", "meter"},
        faults_);
    if (!value.is_object()) return;
    if (fields.has("rate") == fields.has("percent_off")) {
      return fields.fault("give either \"rate\" or \"percent_off\"");
    }
    book_name_ = fields.text("price_book", book);
    because_ = fields.required_text("because");
    if (!fields.has("row")) return discount(fields);
    if (fields.has("meter")) fields.fault_at("meter", "\"row\" says already what it is for");
    if (value.at("row").is_object()) return add_row(fields, value.at("row"));
    if (const auto found = find_row(fields, "row", fields.text("row"))) change(fields, *found);
  }

  Result<std::vector<std::string>, Errors> take() && {
    if (faults_.any()) return faults_.take();
    return std::move(sentences_);
  }

 private:
  struct Found {
    PriceBook* book;
    std::size_t row;
    PriceRow& get() const { return book->rows[row]; }
  };

  bool is_meant(const NamedBook& named) const {
    return book_name_.empty() || book_name_ == named.book->name || book_name_ == named.also;
  }

  std::string book_names() const {
    if (!book_name_.empty()) return book_name_;
    std::string names;
    for (const NamedBook& named : books_) names += (names.empty() ? "" : "+") + named.book->name;
    return names;
  }

  std::optional<Found> find_row(const Fields& fields, std::string_view key, const std::string& id) {
    std::vector<Found> found;
    std::vector<std::string_view> names;
    for (const NamedBook& named : books_) {
      if (!is_meant(named)) continue;
      for (std::size_t i = 0; i < named.book->rows.size(); ++i) {
        names.push_back(named.book->rows[i].id);
        if (names.back() == id) found.push_back({named.book, i});
      }
    }
    if (found.empty()) {
      const std::string_view near = nearest_name(id, names);
      fields.fault_at(key, fmt::format("the price book {} has no row \"{}\"", book_names(), id),
                      near.empty()
                          ? fmt::format("`backcast prices show {}` lists them", book_names())
                          : fmt::format("did you mean \"{}\"?", near));
      return std::nullopt;
    }
    if (found.size() > 1) {
      fields.fault_at(key,
                      fmt::format("the price books {} and {} both have a row \"{}\"",
                                  found[0].book->name, found[1].book->name, id),
                      fmt::format("say which: \"price_book\": \"{}\"", found[0].book->name));
      return std::nullopt;
    }
    return found.front();
  }

  // A decimal from 0 on, as a book may have it.
  std::optional<Decimal> amount(const Fields& fields, std::string_view key, const Decimal& most) {
    const std::string text = fields.text(key);
    const auto value = Decimal::parse(text);
    const bool fits = value.ok() && !value->is_negative() && value->scale() <= 12 && *value <= most;
    if (fits) return *value;
    fields.fault_at(key,
                    fmt::format("\"{}\" is not a {}", text, key == "rate" ? "rate" : "percentage"),
                    fmt::format("give a decimal from 0 {}, such as \"{}\"",
                                key == "rate" ? "on" : "to 100", key == "rate" ? "0.05" : "12.5"));
    return std::nullopt;
  }
  std::optional<Decimal> percent(const Fields& fields) {
    return amount(fields, "percent_off", Decimal(100, 0));
  }

  void sign(const Fields& fields, PriceRow& row, std::string_view how) {
    row.source = fmt::format("{} by {}: {}", how, whose_, because_);
    row.as_of = fields.text("as_of", row.as_of);
    fields.choice("certainty", {"low", "medium", "high"});
    row.certainty = fields.text("certainty", "low");
    row.is_known = true;
  }

  void say(const std::string& what) {
    sentences_.push_back(what + ": " + because_ +
                         (whose_ == "the scenario" ? "" : " (" + whose_ + ")"));
  }

  void change(const Fields& fields, const Found& found) {
    PriceRow& row = found.get();
    const std::string unit = found.book->meters[row.meter].unit;
    const std::string code(found.book->currency.code());
    if (fields.has("percent_off")) {
      const auto off = percent(fields);
      if (!off) return;
      if (!row.is_known) {
        return fields.fault_at("percent_off", "nobody knows the rate of \"" + row.id + "\"",
                               "give the \"rate\"");
      }
      const Decimal left = (Decimal(100, 0) - *off) * Decimal(1, 2);
      for (Tier& tier : row.tiers) tier.rate = reduced(tier.rate, left);
      if (row.then_every) row.then_every->rate = reduced(row.then_every->rate, left);
      say(fmt::format("{} % off \"{}\"", to_string(off->trimmed()), row.id));
      return sign(fields, row, "overruled");
    }
    const auto rate = amount(fields, "rate", Decimal(1'000'000'000, 0));
    if (!rate) return;
    if (row.tier_mode == TierMode::kStep && row.is_known) {
      return fields.fault_at("row", "\"" + row.id + "\" is a table of sizes and not one rate",
                             "give \"percent_off\", or change what `backcast prices export " +
                                 found.book->name + "` writes");
    }
    const bool was_known = row.is_known;
    say(fmt::format("{} {} per {} for \"{}\"{}", fields.text("rate"), code, unit, row.id,
                    was_known ? " instead of " + rates_of(row) : ""));
    row.tiers = {Tier{{}, *rate}};
    sign(fields, row, was_known ? "overruled" : "assumed");
  }

  static Decimal reduced(const Decimal& rate, const Decimal& left) {
    return round(rate * left, {12, RoundingMode::kHalfUp}).trimmed();
  }

  // {"like": "S3 Standard/us-east-1/storage", "region": "eu-north-1"}
  void add_row(const Fields& entry, const json& value) {
    const Fields fields(
        value, entry.pointer() + "/row",
        {"like", "service", "region", "peer_region", "storage_class", "operation", "backup_kind"},
        faults_);
    const auto like = find_row(fields, "like", fields.required_text("like"));
    if (!like) return;
    PriceRow row = like->get();
    row.service = fields.text("service", row.service);
    row.region = fields.text("region", row.region);
    row.peer_region = fields.text("peer_region", row.peer_region);
    row.storage_class = fields.text("storage_class", row.storage_class);
    row.operation = fields.text("operation", row.operation);
    row.backup_kind = fields.text("backup_kind", row.backup_kind);
    row.valid_from.reset();
    row.valid_until.reset();
    row.is_known = false;
    row.as_of = "undated";
    row.tier_mode = TierMode::kGraduated;
    row.then_every.reset();
    row.pointer = fields.pointer();
    row.line = faults_.document().locate(fields.pointer()).line;
    PriceBook& book = *like->book;
    row.id = row_id(row, book.meters[row.meter]);
    const bool is_there = std::any_of(book.rows.begin(), book.rows.end(),
                                      [&](const PriceRow& other) { return other.id == row.id; });
    if (is_there) {
      return fields.fault(fmt::format("the price book {} has a row \"{}\"", book.name, row.id),
                          fmt::format("name it: \"row\": \"{}\"", row.id));
    }
    if (entry.has("percent_off")) {
      return entry.fault_at("percent_off", "a new row needs a \"rate\"");
    }
    book.rows.push_back(std::move(row));
    change(entry, {&book, book.rows.size() - 1});
  }

  // Percent off all of a book, or of one of its meters: a line of its own on the bill.
  void discount(const Fields& fields) {
    if (fields.has("rate")) return fields.fault_at("row", "missing field \"row\"");
    const auto off = percent(fields);
    const auto named = std::count_if(books_.begin(), books_.end(),
                                     [&](const NamedBook& one) { return is_meant(one); });
    if (named != 1) {
      return fields.fault_at(
          "price_book",
          named == 0 ? "there is no price book \"" + book_name_ + "\""
                     : "there are several price books: " + book_names(),
          "say whose bill it is for: \"price_book\": \"" + books_.front().book->name + "\"");
    }
    PriceBook& book = *std::find_if(books_.begin(), books_.end(), [&](const NamedBook& one) {
                         return is_meant(one);
                       })->book;
    Adjustment made;
    made.kind = Adjustment::Kind::kDiscount;
    const std::string meter = fields.text("meter");
    for (std::size_t m = 0; !meter.empty() && m < book.meters.size(); ++m) {
      if (book.meters[m].name == meter) made.meters.push_back(m);
    }
    if (!meter.empty() && made.meters.empty()) {
      std::vector<std::string_view> names;
      for (const Meter& one : book.meters) names.push_back(one.name);
      const std::string_view near = nearest_name(meter, names);
      return fields.fault_at("meter", fmt::format("unknown meter {}", printable(meter)),
                             near.empty() ? fmt::format("it has: {}", fmt::join(names, ", "))
                                          : fmt::format("did you mean \"{}\"?", near));
    }
    if (!off) return;
    made.name = because_;
    made.percent = *off;
    made.source = fmt::format("given by {}: {}", whose_, because_);
    book.adjustments.push_back(std::move(made));
    say(fmt::format("{} % off {}", to_string(off->trimmed()),
                    meter.empty() ? "the bill of " + book.name : meter + " of " + book.name));
  }

  const std::vector<NamedBook>& books_;
  Faults faults_;
  const std::string whose_;
  std::string book_name_, because_;  // of the entry that is read
  std::vector<std::string> sentences_;
};

}  // namespace

bool is_rates(const Document& document) {
  return document.root().is_object() && document.root().contains("backcast_rates");
}

Result<std::vector<std::string>, Errors> give_rates(const std::vector<NamedBook>& books,
                                                    const Document& document, const json& entries,
                                                    const std::string& pointer,
                                                    const std::string& whose) {
  RateGiver giver(books, document, whose);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    giver.read(entries[i], fmt::format("{}/{}", pointer, i), "");
  }
  return std::move(giver).take();
}

Result<std::vector<std::string>, Errors> give_rates(const std::vector<NamedBook>& books,
                                                    const Document& document) {
  Faults faults(document, Faults::Types::kToldHere);
  const Fields head(document.root(), "",
                    {"backcast_rates", "name", "price_book", "prices", "notes"}, faults);
  head.integer("backcast_rates", 1, 1);
  const std::string name = head.required_text("name"), book = head.required_text("price_book");
  const json* const entries = head.array("prices");
  if (entries == nullptr && !head.has("prices"))
    head.fault_at("prices", "missing field \"prices\"");
  if (entries != nullptr && entries->size() > kMaxEntries) {
    head.fault_at("prices", "more than 100,000 entries");
  }
  const bool is_there = std::any_of(books.begin(), books.end(), [&](const NamedBook& named) {
    return named.book->name == book || named.also == book;
  });
  if (!book.empty() && !is_there) {
    head.fault_at("price_book", fmt::format("the price book {} is not asked for", printable(book)),
                  "rates are for a book that is given as well");
  }
  if (faults.any()) return faults.take();
  RateGiver giver(books, document, name);
  for (std::size_t i = 0; i < entries->size(); ++i) {
    giver.read((*entries)[i], fmt::format("/prices/{}", i), book);
  }
  return std::move(giver).take();
}

}  // namespace backcast::cost
