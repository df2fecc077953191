#compdef catalystd
# Zsh's completion of catalystd; catalystctl makes its own.
_arguments \
    '*--stack[a stack file; several are merged in order]:file:_files' \
    '*--profile[start the services of this profile as well]:name:' \
    '--env-file[variables for the stack file]:file:_files' \
    '--state[what the agent remembers, and logs]:directory:_files -/' \
    '--socket[where catalystctl asks]:file:_files' \
    '--cgroup[the cgroup that the services go below]:directory:_files -/ -W /sys/fs/cgroup' \
    '--version[its version]' \
    '(-h --help)'{-h,--help}'[what there is]'
