# What `cmake --install` puts where, and the Debian package of it: `cpack` in the build folder.
# Flags of this build stay in it: the package names the libraries that the archive needs, no option.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

install(TARGETS backcast backcast_library)
install(DIRECTORY include/backcast TYPE INCLUDE)
install(DIRECTORY scenarios/ DESTINATION ${CMAKE_INSTALL_DATADIR}/backcast/scenarios
  FILES_MATCHING PATTERN *.json PATTERN document EXCLUDE PATTERN load EXCLUDE)
install(FILES cli/service/deploy/alerts.yml DESTINATION ${CMAKE_INSTALL_DATADIR}/backcast)
install(FILES cli/service/deploy/backcast.service DESTINATION lib/systemd/system)
install(FILES LICENSE README.md CHANGELOG.md TYPE DOC)
install(DIRECTORY docs TYPE DOC)

# The manual page and completions are what the program writes.
set(written ${CMAKE_BINARY_DIR}/written)
file(MAKE_DIRECTORY ${written})
function(install_output destination file)
  add_custom_command(OUTPUT ${written}/${file} COMMAND backcast ${ARGN} > ${written}/${file}
    DEPENDS backcast VERBATIM)
  set_property(GLOBAL APPEND PROPERTY backcast_written ${written}/${file})
  install(FILES ${written}/${file} DESTINATION ${destination})
endfunction()
install_output(${CMAKE_INSTALL_MANDIR}/man1 backcast.1 man)
install_output(${CMAKE_INSTALL_DATADIR}/bash-completion/completions backcast completion bash)
install_output(${CMAKE_INSTALL_DATADIR}/zsh/site-functions _backcast completion zsh)
# Where Debian's zsh looks for those of packages.
install(FILES ${written}/_backcast DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions)
install_output(${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d backcast.fish completion fish)
get_property(files GLOBAL PROPERTY backcast_written)
add_custom_target(written ALL DEPENDS ${files})

set(package ${CMAKE_INSTALL_LIBDIR}/cmake/backcast)
configure_package_config_file(cmake/backcast-config.cmake.in
  ${CMAKE_BINARY_DIR}/backcast-config.cmake
  INSTALL_DESTINATION ${package} PATH_VARS CMAKE_INSTALL_INCLUDEDIR CMAKE_INSTALL_LIBDIR)
write_basic_package_version_file(${CMAKE_BINARY_DIR}/backcast-config-version.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/backcast-config.cmake
  ${CMAKE_BINARY_DIR}/backcast-config-version.cmake DESTINATION ${package})

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME backcast)
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "prove and price a backup policy before you deploy it")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_MAINTAINER "The Backcast authors")
set(CPACK_DEBIAN_PACKAGE_SECTION admin)
set(CPACK_DEBIAN_PACKAGE_DEPENDS tzdata)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
# Only programs that link the library need these; the last three capture databases.
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "libfmt-dev, libtbb-dev, libhowardhinnant-date-dev, libssl-dev, \
libsodium-dev, libzstd-dev, libarchive-dev, libyaml-cpp-dev, \
postgresql-client, mariadb-backup, mariadb-client")
include(CPack)
