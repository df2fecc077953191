internal import Glibc
internal import LinuxSystem
internal import NIOCore
internal import NIOPosix
internal import Probing

/// s6's codes: whether it makes sense to try the same again.
package enum ExitCode {
    package static let impossible: CInt = 100
    package static let refused: CInt = 111
}

/// Answers the agent's questions over `descriptor`, a connected socket, until the agent hangs up,
/// and ends the process then. The calling thread becomes the one event loop.
package func collect(over descriptor: CInt) -> Never {
    // A Ctrl-C at the agent's terminal reaches us too; what it means is the agent's decision.
    signal(SIGINT, SIG_IGN)
    signal(SIGPIPE, SIG_IGN)
    Proc.hideMemory()
    guard isSocket(descriptor) else {
        note("cannot use descriptor \(descriptor): it is not the agent's socket")
        exit(ExitCode.impossible)
    }
    raiseDescriptorLimit()
    MultiThreadedEventLoopGroup.withCurrentThreadAsEventLoop { loop in
        let channel = ClientBootstrap(group: loop).channelInitializer { channel in
            channel.eventLoop.makeCompletedFuture {
                let loop = channel.eventLoop
                let conversation = Conversation(
                    prober: Prober(on: loop), inspector: Inspector(on: loop))
                try channel.pipeline.syncOperations.addHandler(conversation)
            }
        }.withConnectedSocket(descriptor)
        channel.whenSuccess { channel in
            // Without the agent there is nobody to answer; nothing of ours outlives the process.
            channel.closeFuture.whenComplete { _ in exit(0) }
        }
        channel.whenFailure { error in
            note("cannot talk to the agent over descriptor \(descriptor): \(error)")
            exit(ExitCode.refused)
        }
    }
    exit(0)
}

private func isSocket(_ descriptor: CInt) -> Bool {
    var kind: CInt = 0
    var size = socklen_t(MemoryLayout<CInt>.size)
    return getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &kind, &size) == 0
        && kind == SOCK_STREAM.rawValue
}

/// Each probe under way has a socket; the usual soft limit of 1,024 is there for select(2), which
/// we do not use.
private func raiseDescriptorLimit() {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
    limit.rlim_cur = limit.rlim_max
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
}

/// One line on stderr, which the agent keeps.
package func note(_ words: String) {
    let line = "catalyst-collector: \(words)\n"
    // Nothing can be said about a stderr that is closed.
    _ = line.utf8.withContiguousStorageIfAvailable {
        write(STDERR_FILENO, $0.baseAddress, $0.count)
    }
}
