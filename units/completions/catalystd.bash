# Bash's completion of catalystd; catalystctl makes its own.
_catalystd() {
    local word=${COMP_WORDS[COMP_CWORD]}
    case ${COMP_WORDS[COMP_CWORD - 1]} in
        --stack | --env-file | --socket) mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
        --state | --cgroup) mapfile -t COMPREPLY < <(compgen -d -- "$word") ;;
        --profile) COMPREPLY=() ;;
        *)
            mapfile -t COMPREPLY < <(compgen -W "--stack --profile --env-file --state --socket \
                --cgroup --version --help" -- "$word")
            ;;
    esac
}
complete -o filenames -F _catalystd catalystd
