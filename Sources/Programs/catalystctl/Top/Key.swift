/// What the operator pressed.
enum Key: Equatable {
    case quit, sort, up, down, why, logs, help, leave, other

    /// The keys in what was read from a terminal in one go.
    static func keys(in bytes: [UInt8]) -> [Key] {
        var keys: [Key] = []
        var rest = bytes[...]
        while let byte = rest.popFirst() {
            // ECMA-48: ESC [, or ESC O where the keypad sends for programs; then one last letter.
            guard byte == 0x1B, let second = rest.first, second == 0x5B || second == 0x4F else {
                keys.append(key(byte))
                continue
            }
            rest.removeFirst()
            while let next = rest.popFirst() {
                guard (0x40...0x7E).contains(next) else { continue }
                keys.append(next == 0x41 ? .up : next == 0x42 ? .down : .other)
                break
            }
        }
        return keys
    }

    private static func key(_ byte: UInt8) -> Key {
        switch byte {
        case UInt8(ascii: "q"), UInt8(ascii: "Q"): .quit
        case UInt8(ascii: "s"): .sort
        case UInt8(ascii: "k"): .up
        case UInt8(ascii: "j"): .down
        case UInt8(ascii: "w"), 0x0D, 0x0A: .why
        case UInt8(ascii: "l"): .logs
        case UInt8(ascii: "?"), UInt8(ascii: "h"): .help
        case 0x1B: .leave
        default: .other
        }
    }
}
