// Asks services over and over, as their clients would, and counts what went wrong.
//
//   hammer close|keep THREADS PAUSE_MS METHOD PATH PORT...
//
// `close`: a new connection for each request. `keep`: connections are kept, as HTTP has it: one that was closed
// between two requests is opened again, and what can be asked twice is sent again, once, if no byte of an answer came
// (RFC 9110, 9.2.2). Each thread asks the ports of 127.0.0.1 in turn, and pauses after each answer. Until SIGTERM;
// then it prints what it counted as JSON. The first failures are told to stderr.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { PORTS_MAX = 64, THREADS_MAX = 64, PATIENCE_S = 10, TOLD_MAX = 20 };
enum { TICK_US = 50, TICKS = 60 * 1000000 / TICK_US };
enum outcome { ANSWERED, REFUSED, RESET, CLOSED, TIMEOUT, STATUS, OTHER, OUTCOMES };
static const char *const words[] = {"answered", "refused", "reset", "closed", "timeout", "status", "other"};

static bool keeps, repeats;
static int pause_ms, ports_count, ports[PORTS_MAX];
static char request[1024];
static atomic_bool over;
static atomic_long counts[OUTCOMES], retried, reopened, longest, told;
static atomic_int histogram[TICKS + 1];
// By port: when it answered last, and the longest time it did not.
static atomic_long answered_at[PORTS_MAX], gaps[PORTS_MAX];

static long now_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000L + now.tv_nsec / 1000;
}

static void raise_to(atomic_long *most, long value) {
    long seen = atomic_load(most);
    while (value > seen && !atomic_compare_exchange_weak(most, &seen, value)) {}
}

static enum outcome of_errno(void) {
    switch (errno) {
    case ECONNREFUSED: return REFUSED;
    case ECONNRESET: case EPIPE: return RESET;
    case EAGAIN: case EINPROGRESS: case ETIMEDOUT: return TIMEOUT;
    default: return OTHER;
    }
}

static enum outcome open_to(int port, int *connection) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    struct timeval patience = {.tv_sec = PATIENCE_S};
    int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return OTHER;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(fd, (struct sockaddr *)&address, sizeof address)) {
        enum outcome outcome = of_errno();
        close(fd);
        return outcome;
    }
    *connection = fd;
    return ANSWERED;
}

static void drop(int *connection) {
    if (*connection >= 0) close(*connection);
    *connection = -1;
}

// The whole answer. `bytes`: how many came of it.
static enum outcome receive(int *connection, size_t *bytes) {
    static _Thread_local char text[65536];
    size_t length = 0, whole = 0;
    bool ends = !keeps;
    while (!whole || length < whole) {
        ssize_t got = recv(*connection, text + length, sizeof text - 1 - length, 0);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return of_errno();
        if (got == 0) return CLOSED;
        *bytes = length += got;
        text[length] = 0;
        char *body = strstr(text, "\r\n\r\n");
        if (whole || !body) continue;
        *body = 0;
        char *header = strcasestr(text, "\r\ncontent-length:");
        if (!header) return OTHER;
        whole = body + 4 - text + strtoul(header + 17, NULL, 10);
        ends = ends || strcasestr(text, "\r\nconnection: close");
    }
    if (ends) drop(connection);
    return strncmp(text + 9, "2", 1) ? STATUS : ANSWERED;
}

// Anything but silence between two requests is an end.
static bool is_over(int connection) {
    char byte;
    return recv(connection, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0 || (errno != EAGAIN && errno != EINTR);
}

static enum outcome ask(int port, int *connection, bool *may_repeat) {
    *may_repeat = false;
    if (*connection >= 0 && is_over(*connection)) {
        drop(connection);
        atomic_fetch_add(&reopened, 1);
    }
    if (*connection < 0) {
        enum outcome outcome = open_to(port, connection);
        if (outcome != ANSWERED) return outcome;
    }
    size_t bytes = 0;
    bool is_sent = send(*connection, request, strlen(request), MSG_NOSIGNAL) >= 0;
    enum outcome outcome = is_sent ? receive(connection, &bytes) : of_errno();
    if (outcome != ANSWERED && outcome != STATUS) {
        *may_repeat = bytes == 0 && (outcome == RESET || outcome == CLOSED);
        drop(connection);
    }
    return outcome;
}

static void tell(int port, enum outcome outcome, bool is_first) {
    if (atomic_fetch_add(&told, 1) >= TOLD_MAX) return;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    struct tm parts;
    gmtime_r(&now.tv_sec, &parts);
    fprintf(stderr, "%02d:%02d:%02d.%03ld port %d: %s%s\n", parts.tm_hour, parts.tm_min, parts.tm_sec,
            now.tv_nsec / 1000000, port, words[outcome], is_first ? "" : ", asked again");
}

static void ask_once(int index, int *connection) {
    bool may_repeat;
    long began = now_us();
    enum outcome outcome = ask(ports[index], connection, &may_repeat);
    bool is_first = !(may_repeat && repeats);
    if (!is_first) {
        atomic_fetch_add(&retried, 1);
        outcome = ask(ports[index], connection, &may_repeat);
    }
    long ended = now_us(), taken = ended - began;
    atomic_fetch_add(&counts[outcome], 1);
    if (outcome != ANSWERED) return tell(ports[index], outcome, is_first);
    long ticks = taken / TICK_US;
    atomic_fetch_add(&histogram[ticks < TICKS ? ticks : TICKS], 1);
    raise_to(&longest, taken);
    raise_to(&gaps[index], ended - atomic_exchange(&answered_at[index], ended));
}

static void *client(void *number) {
    int connections[PORTS_MAX];
    for (int i = 0; i < ports_count; i++) connections[i] = -1;
    for (long turn = (long)number; !atomic_load(&over); turn++) {
        ask_once(turn % ports_count, &connections[turn % ports_count]);
        if (pause_ms) usleep(pause_ms * 1000);
    }
    for (int i = 0; i < ports_count; i++) drop(&connections[i]);
    return NULL;
}

static long quantile(double share) {
    long rank = share * atomic_load(&counts[ANSWERED]), seen = 0;
    for (int i = 0; i <= TICKS; i++)
        if ((seen += atomic_load(&histogram[i])) > rank) return (long)i * TICK_US;
    return 0;
}

static void print(void) {
    long all = 0, gap = 0;
    printf("{");
    for (int i = 0; i < OUTCOMES; i++) {
        all += atomic_load(&counts[i]);
        printf("\"%s\": %ld, ", words[i], atomic_load(&counts[i]));
    }
    for (int i = 0; i < ports_count; i++)
        if (atomic_load(&gaps[i]) > gap) gap = atomic_load(&gaps[i]);
    printf("\"requests\": %ld, \"retried\": %ld, \"reopened\": %ld, ",
           all, atomic_load(&retried), atomic_load(&reopened));
    printf("\"p50\": %ld, \"p99\": %ld, \"max\": %ld, \"gap\": %ld}\n",
           quantile(0.5), quantile(0.99), atomic_load(&longest), gap);
}

int main(int arguments, char **argument) {
    if (arguments < 7) return 2;
    int threads = atoi(argument[2]), signal;
    const char *method = argument[4];
    keeps = !strcmp(argument[1], "keep");
    pause_ms = atoi(argument[3]);
    ports_count = arguments - 6;
    if (threads < 1 || threads > THREADS_MAX || ports_count > PORTS_MAX) return 2;
    repeats = keeps && strcmp(method, "POST");
    const char *body = strcmp(method, "POST") ? "" : "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}";
    snprintf(request, sizeof request,
             "%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\n%sContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
             method, argument[5], keeps ? "" : "Connection: close\r\n", strlen(body), body);
    for (int i = 0; i < ports_count; i++) {
        ports[i] = atoi(argument[6 + i]);
        atomic_store(&answered_at[i], now_us());
    }
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    pthread_sigmask(SIG_BLOCK, &ends, NULL);
    pthread_t clients[THREADS_MAX];
    for (long i = 0; i < threads; i++)
        if (pthread_create(&clients[i], NULL, client, (void *)i)) return 1;
    sigwait(&ends, &signal);
    atomic_store(&over, true);
    for (int i = 0; i < threads; i++) pthread_join(clients[i], NULL);
    print();
}
