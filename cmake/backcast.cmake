# Build rules shared by every module. A module is a folder with rooms: all their *.cpp files are its
# sources.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()

option(BACKCAST_FUZZ "Build fuzz targets with libFuzzer (clang)" OFF)
set(BACKCAST_SANITIZE "" CACHE STRING "Comma list for -fsanitize=")

find_program(BACKCAST_CCACHE ccache)
if(BACKCAST_CCACHE)
  # Another clone, or the same one elsewhere, finds what this one compiled; by Clang, whose
  # precompiled headers hold their paths, only one at the same place does.
  set(CMAKE_CXX_COMPILER_LAUNCHER env CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} CCACHE_NOHASHDIR=1
    CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
    ${BACKCAST_CCACHE})
endif()

find_package(Threads REQUIRED)

add_library(backcast_options INTERFACE)
target_include_directories(backcast_options INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(backcast_options INTERFACE
  -Wall -Wextra -Wshadow -Wnon-virtual-dtor -Werror -ffp-contract=off)
# libfccp truncates file names on purpose; GCC 12 warns wherever that is inlined with -O2. Out of
# precompiled headers it warns of the standard library's own copies of text, too.
target_compile_options(backcast_options INTERFACE
  $<$<CXX_COMPILER_ID:GNU>:-Wno-stringop-truncation;-Wno-stringop-overflow>)
# Clang notes in a precompiled header of what time its headers are, and refuses one that ccache has
# from another build. That it is of the same headers, ccache knows by their content.
target_compile_options(backcast_options INTERFACE
  "$<$<CXX_COMPILER_ID:Clang>:SHELL:-Xclang -fno-pch-timestamp>")
target_compile_definitions(backcast_options INTERFACE BACKCAST_VERSION="${PROJECT_VERSION}")
target_link_libraries(backcast_options INTERFACE Threads::Threads)
if(BACKCAST_SANITIZE)
  target_compile_options(backcast_options INTERFACE
    -fsanitize=${BACKCAST_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(backcast_options INTERFACE -fsanitize=${BACKCAST_SANITIZE})
  # What the sanitizers add hides from GCC that a variant's value is set where it is used.
  target_compile_options(backcast_options INTERFACE
    $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
endif()
if(BACKCAST_FUZZ)
  # The fuzzer is led by which code an input reaches: all of it must count.
  target_compile_options(backcast_options INTERFACE -fsanitize=fuzzer-no-link)
endif()
find_program(BACKCAST_LLD ld.lld)
if(BACKCAST_LLD)
  target_link_options(backcast_options INTERFACE -fuse-ld=lld)
endif()

# Most of what a file costs to compile is the standard library, read anew for each. It is read once
# for all modules, by `owner` (backcast_base), and once with GoogleTest for all tests; a target with
# options of its own reads it itself. Sources still include what they use, as tests/arch checks: the
# presets of development build without.
function(backcast_precompile target owner)
  get_target_property(type ${target} TYPE)
  if(NOT CMAKE_CXX_COMPILER_ID MATCHES "GNU|Clang" OR type STREQUAL INTERFACE_LIBRARY)
    return()
  endif()
  if(NOT target STREQUAL owner)
    target_precompile_headers(${target} REUSE_FROM ${owner})
    return()
  endif()
  target_precompile_headers(${target} PRIVATE <algorithm> <array> <chrono> <cstdint> <functional>
    <map> <memory> <optional> <set> <span> <string> <string_view> <utility> <variant> <vector>
    <fmt/format.h> ${ARGN})
endfunction()

# backcast_module(<name> [DEPENDS module...] [LINK target...]): a library of all *.cpp in the folder
# of the caller and its rooms. DEPENDS names modules of the house, LINK outside libraries.
# BACKCAST_OPTIONS_<name> holds compile options for this module alone.
function(backcast_module name)
  cmake_parse_arguments(arg "" "" "DEPENDS;LINK" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS *.cpp)
  if(NOT sources)
    add_library(backcast_${name} INTERFACE)
    set(scope INTERFACE)
  else()
    add_library(backcast_${name} STATIC ${sources})
    set(scope PUBLIC)
  endif()
  list(TRANSFORM arg_DEPENDS PREPEND backcast_)
  target_link_libraries(backcast_${name} ${scope} backcast_options ${arg_DEPENDS} ${arg_LINK})
  target_compile_options(backcast_${name} PRIVATE ${BACKCAST_OPTIONS_${name}})
  set(owner backcast_base)
  if(BACKCAST_OPTIONS_${name})
    set(owner backcast_${name})
  endif()
  backcast_precompile(backcast_${name} ${owner})
endfunction()

# What a test costs is mostly its compilation. With -O1 GCC 12 sees bounds where there are none.
add_library(backcast_test_options INTERFACE)
target_compile_options(backcast_test_options INTERFACE $<$<CONFIG:Release>:-O1>
  $<$<CXX_COMPILER_ID:GNU>:-Wno-array-bounds> $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>)

# backcast_tests(<name> [DEPENDS module...] [LINK target...] [SERIAL filter]): one GoogleTest
# program of all *_test.cpp beside the caller; every test is known to ctest by its own name. Those
# that SERIAL matches run with no other test beside them.
function(backcast_tests name)
  cmake_parse_arguments(arg "" "SERIAL" "DEPENDS;LINK;LABELS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS *_test.cpp)
  if(NOT sources)
    return()
  endif()
  add_executable(${name}_tests ${sources})
  list(TRANSFORM arg_DEPENDS PREPEND backcast_)
  target_link_libraries(${name}_tests PRIVATE backcast_options ${arg_DEPENDS} ${arg_LINK}
    backcast_test_options GTest::gmock_main GTest::gtest)
  if(arg_DEPENDS)  # an outsider's program sees other macros
    backcast_precompile(${name}_tests base_tests <gmock/gmock.h>)
  endif()
  if(arg_SERIAL)
    set(filter TEST_FILTER "-${arg_SERIAL}")
    gtest_discover_tests(${name}_tests TEST_FILTER "${arg_SERIAL}" TEST_LIST ${name}_serial
      DISCOVERY_TIMEOUT 60 WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}
      PROPERTIES LABELS "${name};${arg_LABELS}" TIMEOUT 600 RUN_SERIAL TRUE)
  endif()
  gtest_discover_tests(${name}_tests ${filter} DISCOVERY_TIMEOUT 60
    WORKING_DIRECTORY ${PROJECT_SOURCE_DIR} PROPERTIES LABELS "${name};${arg_LABELS}" TIMEOUT 600)
endfunction()

# backcast_embed(<target> <function> <pattern>...): puts the matching files of the calling folder
# into the target, as `std::span<const backcast::EmbeddedFile> <function>()` (declare it where it is
# used, with its namespace: backcast::scenario::shipped_files).
function(backcast_embed target function)
  file(GLOB files CONFIGURE_DEPENDS RELATIVE ${CMAKE_CURRENT_SOURCE_DIR} ${ARGN})
  list(SORT files)
  string(REGEX MATCH "^(.*)::([^:]+)$" matched ${function})
  set(namespace ${CMAKE_MATCH_1})
  set(name ${CMAKE_MATCH_2})
  set(entries "")
  foreach(file ${files})
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
    file(READ ${file} text)
    string(APPEND entries "    {\"${file}\", R\"embed(${text})embed\"},\n")
  endforeach()
  file(CONFIGURE OUTPUT ${name}.cpp @ONLY CONTENT [[
#include <span>

#include "engine/base/embedded.h"

namespace @namespace@ {
std::span<const backcast::EmbeddedFile> @name@() {
  static constexpr backcast::EmbeddedFile kFiles[] = {
@entries@    {}};  // the last one is not a file: an array needs an element
  return std::span(kFiles).first(std::size(kFiles) - 1);
}
}  // namespace @namespace@
]])
  target_sources(${target} PRIVATE ${CMAKE_CURRENT_BINARY_DIR}/${name}.cpp)
endfunction()
