// What `TLS` uses of OpenSSL 3: a table of its functions, typed after its headers and filled on
// first use. A program that never speaks TLS does not pay for the library (1.8 MB).
#pragma once
#include <dlfcn.h>
#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#define CATALYST_OPENSSL_FUNCTIONS(_) \
    _(TLS_client_method) _(SSL_CTX_new) _(SSL_CTX_free) _(SSL_CTX_set_default_verify_paths) \
    _(SSL_CTX_set_verify) _(SSL_new) _(SSL_free) _(SSL_set_fd) _(SSL_ctrl) _(SSL_set1_host) \
    _(SSL_get0_param) _(SSL_connect) _(SSL_read) _(SSL_write) _(SSL_shutdown) _(SSL_get_error) \
    _(SSL_get_verify_result) _(SSL_get_verify_mode) _(X509_VERIFY_PARAM_set1_ip_asc) _(X509_verify_cert_error_string) \
    _(ERR_get_error) _(ERR_clear_error) _(ERR_reason_error_string) \
    _(SSL_set_verify) _(SSL_get_version) _(SSL_get_peer_cert_chain) \
    _(OPENSSL_sk_num) _(OPENSSL_sk_value) _(OPENSSL_sk_pop_free) \
    _(BIO_new_mem_buf) _(BIO_free) _(PEM_read_bio_X509) _(X509_free) _(X509_up_ref) \
    _(X509_get0_notBefore) _(X509_get0_notAfter) _(ASN1_TIME_to_tm) _(X509_get_subject_name) \
    _(X509_get_issuer_name) _(X509_NAME_get_text_by_NID) _(X509_get_ext_d2i) _(GENERAL_NAME_free) \
    _(GENERAL_NAME_get0_value) _(ASN1_STRING_get0_data) _(ASN1_STRING_length) \
    _(X509_get0_pubkey) _(X509_check_issued) _(X509_verify)

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
