// The physical limit of supervision: fork and exec each command, wait, and do it again for whatever ended. No logs, no
// probes, no pauses.
//
//   limit FILE     a command a line, its words separated by tabs
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { COMMANDS_MAX = 2000, WORDS_MAX = 16 };
static char *commands[COMMANDS_MAX][WORDS_MAX];
static volatile pid_t children[COMMANDS_MAX];
static int count;

static void start(int index) {
    pid_t pid = fork();
    if (pid == 0) {
        execv(commands[index][0], commands[index]);
        _exit(127);
    }
    children[index] = pid;
}

static void end(int signal) {
    (void)signal;
    for (int i = 0; i < count; i++) if (children[i] > 0) kill(children[i], SIGKILL);
    _exit(0);
}

int main(int arguments, char **argument) {
    FILE *file = arguments > 1 ? fopen(argument[1], "r") : NULL;
    if (!file) return 2;
    char *line = NULL;
    size_t size = 0;
    for (; count < COMMANDS_MAX && getline(&line, &size, file) > 0; count++) {
        char *word = strtok(strdup(line), "\t\n");
        for (int i = 0; word && i < WORDS_MAX - 1; i++, word = strtok(NULL, "\t\n")) commands[count][i] = word;
    }
    fclose(file);
    signal(SIGTERM, end);
    for (int i = 0; i < count; i++) start(i);
    for (;;) {
        pid_t pid = wait(NULL);
        if (pid < 0) pause();
        for (int i = 0; i < count; i++) if (children[i] == pid) start(i);
    }
}
