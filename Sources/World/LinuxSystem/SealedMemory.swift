internal import CLinux
internal import Glibc
package import SystemPackage

/// Bytes in memory that nobody can change any more, as a descriptor: what an agent leaves to its successor.
package enum SealedMemory {
    /// Closed on exec.
    package static func make(_ bytes: [UInt8], named name: String) throws(SystemError)
        -> FileDescriptor
    {
        let descriptor = catalyst_sealed_memory(name, bytes, bytes.count)
        guard descriptor >= 0 else { throw SystemError("keep '\(name)' in memory") }
        return FileDescriptor(rawValue: descriptor)
    }

    /// All of it; nil where it is too much, or could still be changed: then it is none of ours.
    package static func read(_ descriptor: FileDescriptor, bytesMax: Int) -> [UInt8]? {
        var status = stat()
        let number = descriptor.rawValue
        guard catalyst_is_sealed(number) != 0, fstat(number, &status) == 0,
            status.st_size <= bytesMax
        else { return nil }
        let size = Int(status.st_size)
        let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            count = max(0, pread(number, buffer.baseAddress, size, 0))
        }
        return bytes.count == size ? bytes : nil
    }
}
