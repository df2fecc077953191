// What `TLS` uses of OpenSSL 3: a table of its functions, typed after its headers and filled on
// first use. A program that never speaks TLS does not pay for the library (1.8 MB).
#pragma once
#include <dlfcn.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#define CATALYST_OPENSSL_FUNCTIONS(_) \
    _(TLS_client_method) _(SSL_CTX_new) _(SSL_CTX_free) _(SSL_CTX_set_default_verify_paths) \
    _(SSL_CTX_set_verify) _(SSL_new) _(SSL_free) _(SSL_set_fd) _(SSL_ctrl) _(SSL_set1_host) \
    _(SSL_get0_param) _(SSL_connect) _(SSL_read) _(SSL_write) _(SSL_shutdown) _(SSL_get_error) \
    _(SSL_get_verify_result) _(SSL_get_verify_mode) _(X509_VERIFY_PARAM_set1_ip_asc) _(X509_verify_cert_error_string) \
    _(ERR_get_error) _(ERR_clear_error) _(ERR_reason_error_string)

struct catalyst_openssl {
#define CATALYST_FIELD(name) __typeof__(name) *name;
    CATALYST_OPENSSL_FUNCTIONS(CATALYST_FIELD)
#undef CATALYST_FIELD
};

/// Fills the table. NULL, or what is missing in words.
static inline const char *catalyst_openssl_load(struct catalyst_openssl *table) {
    void *library = dlopen("libssl.so.3", RTLD_NOW | RTLD_LOCAL);
    if (!library) return dlerror();
#define CATALYST_LOOK_UP(name) \
    if (!(table->name = (__typeof__(name) *)dlsym(library, #name))) return dlerror();
    CATALYST_OPENSSL_FUNCTIONS(CATALYST_LOOK_UP)
#undef CATALYST_LOOK_UP
    return NULL;
}
