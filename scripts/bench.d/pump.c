// Writes numbered lines of 100 bytes to stdout as fast as they are taken, 40 to a write (below PIPE_BUF, as a service
// whose logger flushes its buffer), then tells "pumped NAME NS BYTES START" and waits.
//
//   pump SOCKET NAME BYTES
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { LINE = 100, LINES = 40, DIGITS = 12 };

static long long now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

int main(int count, char **arguments) {
    if (count < 4) return 2;
    // The last character stands nowhere else: counting it counts lines, whatever the format.
    static const char text[] = " INFO candidate AAPL, score 0.8731, volume 1234567, spread 0.02, latency 12.5 ms, ok  #\n";
    static char block[LINE * LINES];
    long long bytes = atoll(arguments[3]), sent = 0, number = 0, started = now();
    _Static_assert(sizeof text - 1 == LINE - DIGITS, "a line has 100 bytes");
    for (int i = 0; i < LINES; i++) memcpy(block + i * LINE + DIGITS, text, LINE - DIGITS);
    for (; sent < bytes; sent += sizeof block) {
        for (int i = 0; i < LINES; i++, number++) {
            long long rest = number;
            for (int digit = DIGITS - 1; digit >= 0; digit--, rest /= 10) block[i * LINE + digit] = '0' + rest % 10;
        }
        for (size_t done = 0; done < sizeof block;) {
            ssize_t written = write(1, block + done, sizeof block - done);
            if (written < 0) return 1;
            done += written;
        }
    }
    char words[200];
    snprintf(words, sizeof words, "pumped %s %lld %lld %lld", arguments[2], now(), sent, started);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strncpy(address.sun_path, arguments[1], sizeof address.sun_path - 1);
    sendto(socket(AF_UNIX, SOCK_DGRAM, 0), words, strlen(words), 0, (struct sockaddr *)&address, sizeof address);
    for (;;) pause();
}
