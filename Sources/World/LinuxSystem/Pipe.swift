internal import CLinux
internal import Glibc
package import SystemPackage

/// A pipe from a child to the loop.
package struct Pipe {
    package let readEnd: FileDescriptor
    package let writeEnd: FileDescriptor

    package init() throws(SystemError) {
        var ends: [Int32] = [-1, -1]
        guard catalyst_pipe(&ends) == 0 else { throw SystemError("make a pipe") }
        readEnd = FileDescriptor(rawValue: ends[0])
        writeEnd = FileDescriptor(rawValue: ends[1])
    }

    package func closeWriteEnd() { try? writeEnd.close() }  // Nothing of ours was written to it.

    package func closeBoth() {
        closeWriteEnd()
        try? readEnd.close()  // What is in it is not wanted any more.
    }

    /// Reads to the end, keeps up to `bytesMax` and drops the rest: a writer is never held up. Closes the reading end.
    package func drain(
        on loop: EventLoop, bytesMax: Int, into take: @escaping ([UInt8]) -> Void,
        atEnd: @escaping () -> Void
    ) throws(SystemError) {
        var room = bytesMax
        try loop.watch(readEnd, for: .readable) { _ in
            var chunk = [UInt8](repeating: 0, count: 64 << 10)
            let count = read(readEnd.rawValue, &chunk, chunk.count)
            if count > 0 {
                take(Array(chunk.prefix(min(count, room))))
                room -= min(count, room)
            } else if count == 0 || errno != EAGAIN {
                loop.unwatch(readEnd)
                try? readEnd.close()  // It has ended.
                atEnd()
            }
        }
    }
}
