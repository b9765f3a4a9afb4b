// Whose bill everything is on: the price books of services and of the places their copies go to.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "engine/base/text.h"
#include "scenarios/load/build.h"

namespace backcast::scenario {
namespace {

// One name for one book, however its path is spelled.
std::string one_name(const std::string& name) {
  const std::string normal = std::filesystem::path(name).lexically_normal().string();
  return is_path(normal) ? normal : name;
}

std::string note_book(Build& build, const std::string& name, std::string pointer) {
  return build.books.try_emplace(one_name(name), std::move(pointer)).first->first;
}

std::string book_of_profile(Build& build, const Node& node, const Profile& profile) {
  const std::string name = profile.document->value("price_book", std::string());
  return name.empty() ? name : note_book(build, name, node.pointer_of("provider"));
}

// Where a copy goes and by whom it is kept; nothing where that cannot be.
std::optional<sim::Place> read_place(Build& build, const Node& entry, const Profile& profile,
                                     const sim::Service& service) {
  sim::Place place{entry.text("region").value_or(""), service.book, service.store.storage_class};
  const auto book = entry.text("price_book");
  const Profile* keeper = keeper_of(build, entry, profile);
  if (keeper == nullptr) return std::nullopt;
  const bool is_other = keeper->name != profile.name;
  if (!service.rules->copies.anywhere && (is_other || book)) {
    entry.fault_at(is_other ? "provider" : "price_book",
                   fmt::format("{} keeps copies of its backups itself, in its own cloud",
                               printable(profile.name)),
                   "leave the field out; to keep a copy with another provider, dump the data "
                   "yourself: a service under \"plain\" copies anywhere");
    return std::nullopt;
  }
  if (book) {
    place.book = note_book(build, *book, entry.pointer_of("price_book"));
  } else if (is_other) {
    place.book = book_of_profile(build, entry, *keeper);
  }
  if (place.book != service.book) place.storage_class.clear();
  if (const auto storage_class = entry.text("class")) place.storage_class = *storage_class;
  const bool is_here = place.region == service.region && service.rules->copies.anywhere;
  if (is_here) {
    entry.fault_at("region", fmt::format("{} is where the original lies", printable(place.region)),
                   place.book == service.book
                       ? "give another region"
                       : "call the other provider's region by another name, such as \"" +
                             keeper->name + "-" + place.region + "\"");
    return std::nullopt;
  }
  return place;
}

void add_place(const Node& entry, const sim::Place& place, sim::Service& service) {
  for (const sim::Place& known : service.elsewhere) {
    if (known.region != place.region) continue;
    if (known.book == place.book && known.storage_class == place.storage_class) return;
    return entry.fault_at(
        "region",
        fmt::format("copies of \"{}\" in {} are kept in two ways: {}", service.name,
                    printable(place.region),
                    known.book == place.book
                        ? fmt::format("in class {} and in class {}", printable(known.storage_class),
                                      printable(place.storage_class))
                        : fmt::format("on the bill of {} and on the bill of {}",
                                      printable(known.book), printable(place.book))),
        "give the places different names");
  }
  service.elsewhere.push_back(place);
}

// Calls `use` with the book of every place where restore points may lie.
template <typename Use>
void for_each_book(sim::Service& service, const Use& use) {
  use(service.book);
  for (sim::Place& place : service.elsewhere) use(place.book);
}

template <typename Use>
void for_each_service(Build& build, const Use& use) {
  for (std::size_t i = 0; i < build.scenario.services.size(); ++i) {
    use(build.scenario.services[i], build.pointer_of_service[i]);
  }
  for (std::size_t i = 0; i < build.scenario.fleets.size(); ++i) {
    use(build.scenario.fleets[i].service, build.pointer_of_fleet[i]);
  }
}

// What has no price book beside what has one would be left out of the bill in silence.
void check_all_are_billed(Build& build) {
  if (build.books.empty()) return;
  for_each_service(build, [&](sim::Service& service, const std::string& pointer) {
    const auto refuse = [&](const std::string& what) {
      build.faults.add(pointer, what + " no price book, while others have one",
                       "give a \"price_book\", or a \"provider\" that has one, such as \"aws\"");
    };
    if (service.book.empty()) return refuse(fmt::format("\"{}\" has", service.name));
    for (const sim::Place& place : service.elsewhere) {
      if (!place.book.empty()) continue;
      refuse(fmt::format("copies of \"{}\" in {} have", service.name, printable(place.region)));
    }
  });
}

// A quota is one provider's: it does not count what another keeps.
void check_quotas(Build& build) {
  std::map<std::uint32_t, std::string> provider_of;  // by project
  for_each_service(build, [&](sim::Service& service, const std::string& pointer) {
    const sim::Project& project = build.scenario.projects[service.project];
    const auto known = provider_of.try_emplace(service.project, service.provider).first;
    if (!project.quota_bytes || known->second == service.provider) return;
    build.faults.add(
        pointer,
        fmt::format("the quota of project \"{}\" would count services of {} and of {}",
                    project.name, printable(known->second), printable(service.provider)),
        "give each provider a project of its own");
  });
}

// From the names that the document uses to those in the books, where there are several.
void name_books(Build& build) {
  std::map<std::string, std::string> names;
  for (const auto& [book, pointer] : build.books) {
    build.pricing.books.push_back({book, pointer});
    if (build.books.size() == 1) continue;
    const auto document = find_book(build.document, {book, pointer});
    if (!document.ok()) {
      for (const Error& error : document.error()) build.faults.add(error);
      continue;
    }
    const auto& root = document->root();
    const bool has_name = root.is_object() && root.contains("name") && root.at("name").is_string();
    names[book] = has_name ? root.at("name").get<std::string>() : book;
  }
  for_each_service(build, [&](sim::Service& service, const std::string&) {
    for_each_book(service, [&](std::string& book) { book = names[book]; });
  });
}

}  // namespace

std::string book_of(Build& build, const Node& node, const Profile& profile) {
  if (const auto own = node.text("price_book")) {
    return note_book(build, *own, node.pointer_of("price_book"));
  }
  if (const auto common = build.root.text("price_book")) {
    return note_book(build, *common, "/price_book");
  }
  return book_of_profile(build, node, profile);
}

const Profile* keeper_of(Build& build, const Node& entry, const Profile& profile) {
  const auto provider = entry.text("provider");
  return provider ? build.profile(entry, "provider", *provider) : &profile;
}

void read_places(Build& build, const Node& node, const Profile& profile, sim::Service& service) {
  for (const Node& entry : node.items("copies")) {
    if (const auto place = read_place(build, entry, profile, service)) {
      add_place(entry, *place, service);
    }
  }
}

void read_pricing(Build& build) {
  Pricing& pricing = build.pricing;
  pricing.options = build.root.texts("price_options");
  pricing.exchange_rates = build.root.texts("exchange");
  const std::vector<std::string> files = build.root.texts("rates");
  for (std::size_t i = 0; i < files.size(); ++i) {
    pricing.rates.push_back({files[i], fmt::format("/rates/{}", i)});
  }
  if (build.faults.any()) return;
  const auto common = build.root.text("price_book");
  if (common && !build.books.contains(one_name(*common))) {
    build.root.fault_at("price_book", "nothing is billed by this book: all services name another",
                        "leave it out");
  }
  for (const char* const field : {"prices", "rates", "price_options", "exchange"}) {
    if (!build.books.empty() || !build.root.has(field)) continue;
    build.root.fault_at(field, "nothing is billed: there is no price book",
                        "give a \"price_book\", or leave the field out");
  }
  check_all_are_billed(build);
  check_quotas(build);
  name_books(build);
}

}  // namespace backcast::scenario
