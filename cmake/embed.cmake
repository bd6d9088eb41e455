# embed.cmake -- writes a C file holding the texts of files: `const struct embedded <symbol>[]`, ended
# by a NULL name. Run as: cmake -DOUT=x.c -DSYMBOL=views -DFILES="a.sql|b.sql" -P embed.cmake
string(REPLACE "|" ";" files "${FILES}")
set(rows "")
foreach(file ${files})
  get_filename_component(name ${file} NAME)
  file(READ ${file} hex HEX)
  string(REGEX REPLACE "(..)" "\\\\x\\1" bytes "${hex}")
  string(MAKE_C_IDENTIFIER ${name} id)
  string(APPEND texts "static const char ${id}[] = \"${bytes}\";\n")
  string(APPEND rows "    {\"${name}\", ${id}},\n")
endforeach()
file(WRITE ${OUT} "#include \"base/embedded.h\"\nextern const struct embedded ${SYMBOL}[];\n${texts}\nconst struct embedded ${SYMBOL}[] = {\n${rows}    {0, 0}};\n")
