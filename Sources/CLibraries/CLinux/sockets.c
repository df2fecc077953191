// What Swift cannot say to listening sockets: filters of a reuseport group, accept queues, descriptors of others.
#define _GNU_SOURCE
#include "include/CLinux.h"

#include <linux/filter.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif
#ifndef SO_ATTACH_REUSEPORT_CBPF
#define SO_ATTACH_REUSEPORT_CBPF 51
#endif

int catalyst_steer(int socket, uint32_t source, uint32_t canary, uint32_t others) {
    struct sock_filter steps[] = {
        // The source address of the IPv4 header.
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)SKF_NET_OFF + 12),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, source, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, canary),
        BPF_STMT(BPF_RET | BPF_K, others),
    };
    struct sock_fprog program = {.len = 4, .filter = steps};
    if (source == 0) program = (struct sock_fprog){.len = 1, .filter = steps + 3};
    return setsockopt(socket, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program, sizeof program);
}

int catalyst_accept_queue(int listener) {
    struct tcp_info facts;
    socklen_t length = sizeof facts;
    if (getsockopt(listener, IPPROTO_TCP, TCP_INFO, &facts, &length) < 0) return -1;
    // TCP_LISTEN is 10; elsewhere the field means what its name says.
    return facts.tcpi_state == 10 ? (int)facts.tcpi_unacked : 0;
}

int catalyst_take_descriptor(int pidfd, int number) {
    return (int)syscall(SYS_pidfd_getfd, pidfd, number, 0);
}

ssize_t catalyst_send_descriptor(int socket, const char *text, size_t length, int descriptor) {
    struct iovec part = {.iov_base = (void *)text, .iov_len = length};
    union { struct cmsghdr header; char bytes[CMSG_SPACE(sizeof(int))]; } control;
    memset(&control, 0, sizeof control);
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &descriptor, sizeof(int));
    return sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}
