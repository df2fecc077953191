// What `Postgres` uses of libpq (14 or newer): a table of its functions, typed after its header and
// filled on first use. A program that never asks Postgres does not pay for the library and all that
// it brings (5.3 MB).
#pragma once
#include <dlfcn.h>
#include <postgresql/libpq-fe.h>

#define CATALYST_LIBPQ_FUNCTIONS(_) \
    _(PQconninfoParse) _(PQconninfoFree) _(PQfreemem) _(PQconnectStartParams) _(PQconnectPoll) \
    _(PQstatus) _(PQsocket) _(PQerrorMessage) _(PQfinish) _(PQsslInUse) _(PQsetNoticeProcessor) \
    _(PQsetnonblocking) _(PQsendQuery) _(PQsendQueryParams) _(PQsendPrepare) \
    _(PQsendQueryPrepared) _(PQenterPipelineMode) _(PQexitPipelineMode) _(PQpipelineSync) \
    _(PQflush) _(PQconsumeInput) _(PQisBusy) _(PQgetResult) _(PQresultStatus) \
    _(PQresultErrorMessage) _(PQresultErrorField) _(PQntuples) _(PQnfields) _(PQgetvalue) \
    _(PQgetisnull) _(PQcmdStatus) _(PQclear)

struct catalyst_libpq {
#define CATALYST_FIELD(name) __typeof__(name) *name;
    CATALYST_LIBPQ_FUNCTIONS(CATALYST_FIELD)
#undef CATALYST_FIELD
};

/// Fills the table. NULL, or what is missing in words.
static inline const char *catalyst_libpq_load(struct catalyst_libpq *table) {
    void *library = dlopen("libpq.so.5", RTLD_NOW | RTLD_LOCAL);
    if (!library) return dlerror();
#define CATALYST_LOOK_UP(name) \
    if (!(table->name = (__typeof__(name) *)dlsym(library, #name))) return dlerror();
    CATALYST_LIBPQ_FUNCTIONS(CATALYST_LOOK_UP)
#undef CATALYST_LOOK_UP
    return NULL;
}
