# planted.cmake -- the bugs of base/planted.def that lie in SQL and Lua. With CITYWATCH_PLANT set, the
# texts are copied to planted/ in the build folder, changed there, and built in and tested from there.
if(CITYWATCH_PLANT)
  file(STRINGS ${CMAKE_SOURCE_DIR}/base/planted.def row REGEX "^PLANT\\(${CITYWATCH_PLANT},")
  if(NOT row)
    message(FATAL_ERROR "base/planted.def has no bug ${CITYWATCH_PLANT}")
  endif()
  if(NOT CITYWATCH_FAILPOINTS)
    message(FATAL_ERROR "A bug is planted in builds for tests only")
  endif()
  message(WARNING "This build carries a bug: ${row}")
  file(REMOVE_RECURSE ${CMAKE_BINARY_DIR}/planted)
  file(COPY ${CMAKE_SOURCE_DIR}/migrations ${CMAKE_SOURCE_DIR}/command-api ${CMAKE_SOURCE_DIR}/positions
       DESTINATION ${CMAKE_BINARY_DIR}/planted FILES_MATCHING PATTERN "*.sql" PATTERN "*.lua")
endif()

# plant(<bug> <file> <text that stands there once> <what the bug makes of it>)
function(plant bug file text instead)
  if(NOT bug STREQUAL "${CITYWATCH_PLANT}")
    return()
  endif()
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${file})
  file(READ ${CMAKE_BINARY_DIR}/planted/${file} whole)
  string(FIND "${whole}" "${text}" first)
  string(FIND "${whole}" "${text}" last REVERSE)
  if(first EQUAL -1 OR NOT first EQUAL last)
    message(FATAL_ERROR "${bug}: ${file} does not hold exactly once: ${text}")
  endif()
  string(REPLACE "${text}" "${instead}" whole "${whole}")
  file(WRITE ${CMAKE_BINARY_DIR}/planted/${file} "${whole}")
endfunction()

# planted_or_own(<files>...): PLANTED_FILES holds the planted copies where there are some.
function(planted_or_own)
  set(files ${ARGN})
  if(CITYWATCH_PLANT)
    set(files "")
    foreach(file ${ARGN})
      file(RELATIVE_PATH path ${CMAKE_SOURCE_DIR} ${file})
      if(EXISTS ${CMAKE_BINARY_DIR}/planted/${path})
        set(file ${CMAKE_BINARY_DIR}/planted/${path})
      endif()
      list(APPEND files ${file})
    endforeach()
  endif()
  set(PLANTED_FILES "${files}" PARENT_SCOPE)
endfunction()

# planted_sources(<files>...): tells those that ask with PLANTED which bug this build carries.
function(planted_sources)
  foreach(file ${ARGN})
    file(STRINGS ${file} asks REGEX "PLANTED\\(|CITYWATCH_PLANT")
    if(CITYWATCH_PLANT AND asks)
      set_property(SOURCE ${file} APPEND PROPERTY COMPILE_DEFINITIONS CITYWATCH_PLANT=${CITYWATCH_PLANT})
    endif()
  endforeach()
endfunction()

plant(RELAY_WITHOUT_COMPARISON command-api/publish.lua [=[k == 2 and at ~= p]=] [=[k == 0]=])
plant(DUPLICATE_TAKEN_FOR_SUCCESS command-api/publish.lua [=[k == 2 and at ~= p]=] [=[k == 0]=])
plant(DUPLICATE_TAKEN_FOR_SUCCESS command-api/publish.lua
  [=[redis.call('XADD', KEYS[2]]=] [=[redis.pcall('XADD', KEYS[2]]=])
plant(DUPLICATE_TAKEN_FOR_SUCCESS command-api/publish.lua
  [=[redis.call('XADD', KEYS[tonumber]=] [=[redis.pcall('XADD', KEYS[tonumber]=])
plant(PREV_FROM_REDIS command-api/publish.lua
  [=[fields[PREV] = ARGV[n + 1]]=]
  [=[fields[PREV] = string.format('%d', last(KEYS[tonumber(ARGV[n])]))]=])
plant(LATE_FIX_MOVES positions/positions.lua [=[return at > other and 1 or 0]=] [=[return 1]=])
plant(EQUAL_TIMES_AS_THEY_COME positions/positions.lua [=[return x > y and 1 or 0]=] [=[return 0]=])
plant(COUNTER_BEFORE_THE_STREAMS migrations/write/0109_append_not_before.sql
  [=[now_at := ARRAY(]=] [=[PERFORM 1 FROM es_counter FOR UPDATE; now_at := ARRAY(]=])
plant(KEY_WITHOUT_BODY migrations/write/0109_append_not_before.sql
  [=[IF found.digest = c_digest[found.n] THEN]=] [=[IF true THEN]=])
# With no answer to meet, every key is looked up.
plant(RESULT_OUTSIDE_THE_TRANSACTION migrations/write/0109_append_not_before.sql
  [=[WHERE closed[c.n] IS NULL AND c.status < 400;]=] [=[WHERE false;]=])
plant(RESULT_OUTSIDE_THE_TRANSACTION migrations/write/0109_append_not_before.sql
  [=[OR 400 <= ANY (c_status) THEN]=] [=[OR true THEN]=])
