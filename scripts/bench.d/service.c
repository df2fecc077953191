// A service that costs nothing: static, so that what lies between exec and main is the kernel's work alone.
//
//   service SOCKET NAME [--ready-ms N] [--ports FIRST COUNT] [--notify] [--say]
//
// Tells the bench's datagram socket "start NAME NS" with the time of main's first statement (CLOCK_MONOTONIC), then
// "ready NAME NS". Without arguments it ends at once: the reference for starting a program.
//   --ready-ms N          becomes ready after N ms
//   --ports FIRST COUNT   then answers HTTP on so many ports of 127.0.0.1, each like a trading service's /health
//   --notify              then tells $NOTIFY_SOCKET
//   --say                 writes a line at the start and one for each request
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static const char *name;

static long long now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static void tell(const char *path, const char *text) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = strlen(path);
    if (length >= sizeof address.sun_path) return;
    memcpy(address.sun_path, path, length);
    if (path[0] == '@') address.sun_path[0] = 0;
    int sender = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sendto(sender, text, strlen(text), 0, (struct sockaddr *)&address, offsetof(struct sockaddr_un, sun_path) + length);
    close(sender);
}

static void report(const char *bench, const char *event, long long time) {
    char text[200];
    snprintf(text, sizeof text, "%s %s %lld", event, name, time);
    tell(bench, text);
}

static void listen_at(int epoll, int port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int one = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 64)) {
        fprintf(stderr, "%s: cannot listen at port %d\n", name, port);
        exit(1);
    }
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener};
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
}

static void answer(int listener, int say) {
    static char page[600];
    static int length;
    if (!length) {
        char body[300];
        int count = snprintf(body, sizeof body,
            "{\"status\":\"healthy\",\"service\":\"%s\",\"version\":\"5.3.0\",\"schema\":\"v5.0 normalized\","
            "\"timestamp\":\"2025-10-18T12:00:00Z\",\"database\":\"connected\",\"redis\":\"connected\"}", name);
        length = snprintf(page, sizeof page,
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s", count, body);
    }
    int asker = accept(listener, NULL, NULL);
    if (asker < 0) return;
    struct timeval limit = {.tv_sec = 1};
    setsockopt(asker, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    char request[4096];
    if (read(asker, request, sizeof request) > 0 && write(asker, page, length) < 0) perror("write");
    close(asker);
    if (say) dprintf(1, "INFO: 127.0.0.1 - \"GET /health HTTP/1.1\" 200 OK\n");
}

int main(int count, char **arguments) {
    long long born = now();
    if (count < 3) return 0;
    name = arguments[2];
    int ready_ms = 0, first = 0, ports = 0, notify = 0, say = 0;
    for (int i = 3; i < count; i++) {
        if (!strcmp(arguments[i], "--ready-ms") && i + 1 < count) ready_ms = atoi(arguments[++i]);
        if (!strcmp(arguments[i], "--ports") && i + 2 < count) first = atoi(arguments[++i]), ports = atoi(arguments[++i]);
        if (!strcmp(arguments[i], "--notify")) notify = 1;
        if (!strcmp(arguments[i], "--say")) say = 1;
    }
    report(arguments[1], "start", born);
    if (say) dprintf(1, "INFO: %s starts\n", name);
    struct timespec rest = {ready_ms / 1000, ready_ms % 1000 * 1000000L};
    while (nanosleep(&rest, &rest)) {}
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    // Before anyone can know: a dependent may run before the next statement.
    long long ready = now();
    for (int i = 0; i < ports; i++) listen_at(epoll, first + i);
    if (notify && getenv("NOTIFY_SOCKET")) tell(getenv("NOTIFY_SOCKET"), "READY=1");
    report(arguments[1], "ready", ready);
    while (!ports) pause();
    for (;;) {
        struct epoll_event events[64];
        int found = epoll_wait(epoll, events, 64, -1);
        for (int i = 0; i < found; i++) answer(events[i].data.fd, say);
    }
}
