# What `cmake --install` lays down: citywatchctl with its manual and completion for people, the services where no PATH
# looks, and what is read to set a city up. Packages and images are made of this tree alone.
include(GNUInstallDirs)
set(PROGRAMS ${CMAKE_INSTALL_LIBEXECDIR}/citywatch)
set(DATA ${CMAKE_INSTALL_DATADIR}/citywatch)

install(TARGETS citywatch-command-api citywatch-query-api citywatch-projector citywatch-sla-worker
  RUNTIME DESTINATION ${PROGRAMS})
install(TARGETS citywatchctl RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(FILES tools/conf/roles.sql tools/conf/grants-write.sql tools/conf/grants-read.sql DESTINATION ${DATA}/sql)
install(DIRECTORY events/schema DESTINATION ${DATA} FILES_MATCHING PATTERN "*.json")
install(FILES api/openapi.json DESTINATION ${DATA})
install(DIRECTORY monitoring/ DESTINATION ${DATA}/monitoring)

# said_by_ctl(<option> <file>): what citywatchctl prints with it, as a file of the build.
function(said_by_ctl option file)
  add_custom_command(OUTPUT ${CMAKE_BINARY_DIR}/installed/${file} VERBATIM
    COMMAND sh -c "\"$0\" \"$1\" >\"$2\"" $<TARGET_FILE:citywatchctl> ${option} ${CMAKE_BINARY_DIR}/installed/${file}
    DEPENDS citywatchctl)
endfunction()

file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/installed)
said_by_ctl(--man citywatchctl.1)
said_by_ctl(--completion citywatchctl.bash)
add_custom_target(installed-pages ALL
  DEPENDS ${CMAKE_BINARY_DIR}/installed/citywatchctl.1 ${CMAKE_BINARY_DIR}/installed/citywatchctl.bash)
install(FILES ${CMAKE_BINARY_DIR}/installed/citywatchctl.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES ${CMAKE_BINARY_DIR}/installed/citywatchctl.bash RENAME citywatchctl
  DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
