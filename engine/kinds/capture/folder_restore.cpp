#include "engine/kinds/capture/folder_restore.h"

#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>
#include <array>

#include "engine/base/text.h"

namespace backcast::kinds {
namespace {

FolderCollection restored_as(FolderCollection collection, LoadChoice load,
                             const RestoreChoice& choice) {
  if (load != LoadChoice::kAsSaved) collection.loaded = load == LoadChoice::kLoaded;
  if (choice.max_shards > 0) collection.shards = std::min(collection.shards, choice.max_shards);
  return collection;
}

std::vector<Placing> whole(const FolderCatalog& backup, const RestoreChoice& choice) {
  std::vector<Placing> placing;
  for (const FolderDatabase& database : backup.databases) {
    for (const FolderCollection& saved : database.collections) {
      placing.push_back(
          {database.name, saved, database.name, restored_as(saved, choice.load, choice)});
    }
  }
  return placing;
}

// Aliases stay behind: they are names of the cluster, which it may have given away since.
Result<std::vector<Placing>> chosen(FolderCatalog backup, const RestoreChoice& choice) {
  std::vector<Placing> placing;
  for (const CollectionChoice& one : choice.collections) {
    const FolderCollection* saved = backup.find(one.database, one.name);
    if (saved == nullptr) {
      return Error{Errc::kNotFound,
                   fmt::format("the backup has no collection {} in the database {}",
                               printable(one.name), printable(one.database)),
                   {},
                   "its description lists what it has"};
    }
    Placing place{one.database, *saved, one.to_database.empty() ? one.database : one.to_database,
                  restored_as(*saved, one.load, choice)};
    if (!one.to_name.empty()) place.restored.name = one.to_name;
    place.restored.aliases.clear();
    place.replaces = one.replaces;
    BACKCAST_CHECK(check_name("the collection", place.restored.name));
    BACKCAST_CHECK(check_name("the database", place.to_database));
    placing.push_back(std::move(place));
  }
  return placing;
}

Status check_free(const FolderCatalog& cluster, const std::vector<Placing>& placing) {
  std::vector<policy::CollectionName> wanted;
  for (const Placing& place : placing) {
    for (const std::string& alias : place.restored.aliases) {
      wanted.push_back({place.to_database, alias});
    }
    wanted.push_back({place.to_database, place.restored.name});
  }
  const auto taken = policy::first_taken(wanted, [&](const policy::CollectionName& name) {
    return cluster.is_taken(name.database, name.name);
  });
  if (!taken) return kOk;
  return Error{
      Errc::kExists,
      fmt::format("the database {} has a collection or alias {} already; nothing was restored",
                  printable(wanted[*taken].database), printable(wanted[*taken].name)),
      {},
      "restore it under another name or into another database"};
}

// What is replaced leaves its aliases, its time to live and its load state to what comes.
void make_room(FolderPlan& plan) {
  for (Placing& place : plan.placing) {
    if (!place.replaces) continue;
    const FolderCollection* now = plan.catalog.find(place.to_database, place.restored.name);
    if (now == nullptr) continue;
    place.restored.aliases = now->aliases;
    place.restored.ttl_seconds = now->ttl_seconds;
    place.restored.loaded = now->loaded;
    if (plan.gone.find_database(place.to_database) == nullptr) {
      plan.gone.databases.push_back({place.to_database, {}});
    }
    plan.gone.find_database(place.to_database)->collections.push_back(*now);
    auto& collections = plan.catalog.find_database(place.to_database)->collections;
    std::erase_if(collections, [&](const auto& one) { return one.name == place.restored.name; });
  }
}

Result<std::string> hash_of(const std::string& password) {
  std::array<char, crypto_pwhash_STRBYTES> hash{};
  if (sodium_init() < 0 || crypto_pwhash_str(hash.data(), password.data(), password.size(),
                                             crypto_pwhash_OPSLIMIT_INTERACTIVE,
                                             crypto_pwhash_MEMLIMIT_INTERACTIVE) != 0) {
    return failed("no memory to hash a password");
  }
  return std::string(hash.data());
}

template <typename Named>
Named* named(std::vector<Named>& all, const std::string& name) {
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const Named& one) { return one.name == name; });
  return found == all.end() ? nullptr : &*found;
}

// Who is there already stays as they are.
Status add_users(const FolderCatalog& backup, const RestoreChoice& choice, FolderCatalog& into) {
  if (choice.users) {
    for (const FolderRole& role : backup.roles) {
      if (named(into.roles, role.name) == nullptr) into.roles.push_back(role);
    }
    for (const FolderUser& user : backup.users) {
      if (named(into.users, user.name) == nullptr) into.users.push_back(user);
    }
  }
  for (const NewLogin& login : choice.logins) {
    BACKCAST_TRY(std::string hash, hash_of(login.password));
    FolderUser* user = named(into.users, login.user);
    if (user == nullptr) user = &into.users.emplace_back(FolderUser{login.user, "", {}});
    user->password_hash = std::move(hash);
  }
  return kOk;
}

}  // namespace

Result<FolderPlan> plan_folder_restore(const FolderCatalog& backup, const FolderCatalog& cluster,
                                       const RestoreChoice& choice) {
  FolderPlan plan;
  if (choice.collections.empty()) {
    plan.placing = whole(backup, choice);
  } else {
    BACKCAST_TRY(plan.placing, chosen(backup, choice));
  }
  (choice.replace ? plan.gone : plan.catalog) = cluster;
  make_room(plan);
  plan.catalog.generation = cluster.generation + 1;
  BACKCAST_CHECK(check_free(plan.catalog, plan.placing));
  BACKCAST_CHECK(add_users(backup, choice, plan.catalog));
  for (const FolderDatabase& database : backup.databases) {
    const bool is_whole = choice.collections.empty();
    if (is_whole && plan.catalog.find_database(database.name) == nullptr) {
      plan.catalog.databases.push_back({database.name, {}});
    }
  }
  for (const Placing& place : plan.placing) {
    if (plan.catalog.find_database(place.to_database) == nullptr) {
      plan.catalog.databases.push_back({place.to_database, {}});
    }
  }
  return plan;
}

}  // namespace backcast::kinds
