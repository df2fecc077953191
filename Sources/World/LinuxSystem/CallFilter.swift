internal import CLinux
internal import Glibc
internal import StackModel

/// A seccomp program that refuses dangerous system calls, and allows all others.
package struct CallFilter: Equatable, Sendable {
    /// One instruction of classic BPF: `struct sock_filter`.
    struct Instruction: Equatable, Sendable {
        var code: UInt16
        var ifTrue: UInt8 = 0
        var ifFalse: UInt8 = 0
        var value: UInt32
    }

    let instructions: [Instruction]

    /// Nil: everything is allowed, or the filter for this processor is not known.
    package init?(allowing allowed: [String]) {
        guard !allowed.contains(Isolation.allCalls), let machine = Machine.current else {
            return nil
        }
        instructions = Self.program(for: machine, allowing: Set(allowed))
    }

    static func program(for machine: Machine, allowing allowed: Set<String>) -> [Instruction] {
        var program: [Instruction] = [.load(at: Offset.architecture)]
        // A program for another processor would come with other numbers.
        program += .unless(equal: machine.architecture, .refuse(EPERM))
        program.append(.load(at: Offset.number))
        if machine == .x86 {
            // The x32 numbers: the same calls once more.
            program += [Instruction(code: 0x35, ifFalse: 1, value: 0x4000_0000), .refuse(ENOSYS)]
        }
        for call in DangerousCall.all where !allowed.contains(call.name) {
            guard let number = machine == .x86 ? call.x86 : call.arm else { continue }
            program += .when(equal: number, [.refuse(EPERM)])
        }
        let calls = machine.calls
        if !allowed.contains("clone") {
            // Its flags are in memory, where no filter can look: programs use clone() instead.
            program += .when(equal: 435, [.refuse(ENOSYS)])
            program += .when(equal: calls.clone, .flags(newNamespaces))
        }
        if !allowed.contains("unshare") {
            program += .when(equal: calls.unshare, .flags(newNamespaces | newTimeNamespace))
        }
        if !allowed.contains("ioctl") {
            var judged = [Instruction.load(at: Offset.second)]
            for request: UInt32 in [0x5412, 0x541c] {
                judged += .when(equal: request, [.refuse(EPERM)])  // TIOCSTI, TIOCLINUX
            }
            program += .when(equal: calls.ioctl, judged + [.allow])
        }
        if !allowed.contains("socket") {
            var judged = [Instruction.load(at: Offset.first)]
            for family in [AF_UNIX, AF_INET, AF_INET6, AF_NETLINK] {
                judged += .when(equal: UInt32(family), [.allow])
            }
            program += .when(equal: calls.socket, judged + [.refuse(EAFNOSUPPORT)])
        }
        return program + [.allow]
    }

    /// CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET.
    private static let newNamespaces: UInt32 = 0x7e02_0000
    /// Of unshare() alone: in clone() the bit is part of a signal's number.
    private static let newTimeNamespace: UInt32 = 0x80
}

extension CallFilter {
    enum Machine: Sendable {
        case x86, arm

        static var current: Machine? {
            #if arch(x86_64)
            .x86
            #elseif arch(arm64)
            .arm
            #else
            nil
            #endif
        }

        /// AUDIT_ARCH_X86_64, AUDIT_ARCH_AARCH64.
        var architecture: UInt32 { self == .x86 ? 0xc000_003e : 0xc000_00b7 }

        var calls: (clone: UInt32, unshare: UInt32, ioctl: UInt32, socket: UInt32) {
            self == .x86 ? (56, 272, 16, 41) : (220, 97, 29, 198)
        }
    }

    /// In `struct seccomp_data`; of arguments the lower half.
    private enum Offset {
        static let number: UInt32 = 0
        static let architecture: UInt32 = 4
        static let first: UInt32 = 16
        static let second: UInt32 = 24
    }
}

extension CallFilter.Instruction {
    fileprivate static func load(at offset: UInt32) -> Self { Self(code: 0x20, value: offset) }
    fileprivate static func refuse(_ error: Int32) -> Self {
        Self(code: 0x06, value: 0x0005_0000 | UInt32(error))
    }
    fileprivate static let allow = Self(code: 0x06, value: 0x7fff_0000)
}

extension [CallFilter.Instruction] {
    fileprivate static func unless(equal value: UInt32, _ then: Element) -> Self {
        [Element(code: 0x15, ifTrue: 1, value: value), then]
    }

    /// `then` must end in a verdict, or leave what is loaded as it is.
    fileprivate static func when(equal value: UInt32, _ then: Self) -> Self {
        [Element(code: 0x15, ifFalse: UInt8(then.count), value: value)] + then
    }

    /// Refused where one of these bits is in the first argument.
    fileprivate static func flags(_ bits: UInt32) -> Self {
        [
            .load(at: 16), Element(code: 0x45, ifFalse: 1, value: bits), .refuse(EPERM), .allow,
        ]
    }
}
