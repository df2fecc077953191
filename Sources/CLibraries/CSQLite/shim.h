// What `Ledger` uses of SQLite.
#include <sqlite3.h>
