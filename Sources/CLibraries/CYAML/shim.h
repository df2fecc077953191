// What `CYAML` uses of the distribution's library.
#include <yaml.h>
