# Fish's completion of catalystd; catalystctl makes its own.
complete -c catalystd -f
complete -c catalystd -l stack -r -F -d 'a stack file; several are merged in order'
complete -c catalystd -l profile -x -d 'start the services of this profile as well'
complete -c catalystd -l env-file -r -F -d 'variables for the stack file'
complete -c catalystd -l state -x -a '(__fish_complete_directories)' -d 'what the agent remembers, and logs'
complete -c catalystd -l socket -r -F -d 'where catalystctl asks'
complete -c catalystd -l cgroup -x -d 'the cgroup that the services go below'
complete -c catalystd -l version -d 'its version'
complete -c catalystd -s h -l help -d 'what there is'
