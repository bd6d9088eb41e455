# citywatchctl.bash -- completion of citywatchctl and tools/ctl for bash: source it, or put it into
# /usr/share/bash-completion/completions/ as citywatchctl. The verbs are those of ctl/verbs.def.

_citywatchctl_words()
{
    case $1 in
    migrate) echo 'write read --json' ;;
    key) echo 'generate' ;;
    account) echo 'add list disable enable role password --role --agency --new-agency --password-file --if-absent --yes --json' ;;
    settings) echo 'markdown' ;;
    tail) echo '--type --subject --category --from --since --last --to --no-follow --json' ;;
    lag | groups) echo '--json' ;;
    verify) echo 'store redis views report_list report_detail report_history report_rank case_inbox case_counts category_list --json' ;;
    parked) echo 'list show retry discard --reason --yes --json' ;;
    trim) echo '--dry-run --keep --yes --json' ;;
    republish) echo '--yes' ;;
    rebuild) echo 'report_list report_detail report_history report_rank case_inbox case_counts category_list --swap-back --drop --json --yes' ;;
    epoch) echo 'show raise --yes --json' ;;
    *) echo 'migrate key account settings tail lag groups verify parked trim republish epoch rebuild --help --version' ;;
    esac
}

_citywatchctl()
{
    local word=${COMP_WORDS[COMP_CWORD]} verb=
    [ "$COMP_CWORD" -lt 2 ] || verb=${COMP_WORDS[1]}
    case ${COMP_WORDS[COMP_CWORD - 1]} in
    --role) mapfile -t COMPREPLY < <(compgen -W 'CITIZEN OFFICER PATROL DISPATCHER SUPERVISOR ADMIN' -- "$word") ;;
    --password-file) mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
    *) mapfile -t COMPREPLY < <(compgen -W "$(_citywatchctl_words "$verb")" -- "$word") ;;
    esac
}
complete -F _citywatchctl citywatchctl tools/ctl
