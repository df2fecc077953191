/// An HTTP/1 answer, as far as it has come. Pure.
///
/// For servers that are asked over TLS, on a thread; all others are asked by NIO.
enum HTTPAnswer: Equatable {
    /// More is to come.
    case incomplete
    case whole(httpStatus: Int, body: [UInt8])
    case tooLarge(httpStatus: Int, body: [UInt8])
    /// In words.
    case broken(String)

    /// Reads what was received so far; `isEnd`: nothing follows. At most `bodyBytesMax` of body are
    /// kept.
    init(_ bytes: [UInt8], isEnd: Bool, bodyBytesMax: Int) {
        guard "HTTP/1.".utf8.prefix(bytes.count).elementsEqual(bytes.prefix(7)) else {
            self = .notHTTP
            return
        }
        var rest = bytes[...]
        while true {
            guard let head = HTTPHead(taking: &rest) else {
                self = bytes.count > headBytesMax ? .notHTTP : isEnd ? .cut : .incomplete
                return
            }
            guard let status = head.httpStatus else {
                self = .notHTTP
                return
            }
            // Interim answers come before the one that counts.
            if (100..<200).contains(status), status != 101 {
                guard rest.startIndex <= headBytesMax else {
                    self = .endless
                    return
                }
                continue
            }
            self.init(
                status, Body(head, rest, isEnd: isEnd, bytesMax: bodyBytesMax), bodyBytesMax,
                received: bytes.count)
            return
        }
    }

    private init(_ httpStatus: Int, _ body: Body, _ bodyBytesMax: Int, received: Int) {
        switch body {
        case .broken: self = .notHTTP
        case .cut: self = .cut
        case .incomplete(let bytes) where bytes.count <= bodyBytesMax:
            // Chunks may be a byte each, but nothing that says so little is an answer.
            self = received > headBytesMax + 16 * bodyBytesMax ? .endless : .incomplete
        case .whole(let bytes) where bytes.count <= bodyBytesMax:
            self = .whole(httpStatus: httpStatus, body: bytes)
        case .incomplete(let bytes), .whole(let bytes):
            self = .tooLarge(httpStatus: httpStatus, body: Array(bytes.prefix(bodyBytesMax)))
        }
    }

    private static let notHTTP = broken("the answer is not HTTP")
    private static let endless = broken("the answer has no end")
    private static let cut = broken("connection closed before the end of the answer")
}

/// The status of an answer whose head is there, whatever its body is; nil: the head is not whole
/// yet.
func httpStatus(of bytes: [UInt8]) -> Int? {
    var rest = bytes[...]
    while let head = HTTPHead(taking: &rest) {
        guard let status = head.httpStatus else { return nil }
        if !(100..<200).contains(status) || status == 101 { return status }
    }
    return nil
}

let headBytesMax = 64 << 10

private struct HTTPHead {
    /// Nil: the first line is not HTTP's.
    var httpStatus: Int?
    private var fields: [String: String] = [:]

    /// Nil where the empty line has not come yet.
    init?(taking bytes: inout ArraySlice<UInt8>) {
        guard let end = endOfHead(bytes) else { return nil }
        let lines = String(decoding: bytes[..<end.lowerBound], as: UTF8.self)
            .split(whereSeparator: \.isNewline)
        bytes = bytes[end.upperBound...]
        let words = lines.first?.split(separator: " ", maxSplits: 2) ?? []
        if words.count > 1, words[0].hasPrefix("HTTP/1."), words[1].count == 3 {
            httpStatus = Int(words[1])
        }
        for line in lines.dropFirst() {
            let pair = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard pair.count == 2 else { continue }
            let value = pair[1].drop { $0 == " " || $0 == "\t" }
            fields[pair[0].lowercased()] = String(value.reversed().drop { $0 == " " }.reversed())
        }
    }

    subscript(_ name: String) -> String? { fields[name] }
}

/// The empty line; lines may end without a carriage return.
private func endOfHead(_ bytes: ArraySlice<UInt8>) -> Range<Int>? {
    var previous: Int?
    for index in bytes.indices where bytes[index] == UInt8(ascii: "\n") {
        if let previous {
            let between = bytes[(previous + 1)..<index]
            if between.isEmpty || between.elementsEqual([UInt8(ascii: "\r")]) {
                return previous..<(index + 1)
            }
        }
        previous = index
    }
    return nil
}

private enum Body {
    case incomplete([UInt8])
    case whole([UInt8])
    case cut
    case broken

    /// `bytesMax`: what comes after more than so many is not looked at.
    init(_ head: HTTPHead, _ bytes: ArraySlice<UInt8>, isEnd: Bool, bytesMax: Int) {
        if head.httpStatus == 204 || head.httpStatus == 304 {
            self = .whole([])
        } else if head["transfer-encoding"]?.lowercased().hasSuffix("chunked") == true {
            self.init(chunks: bytes, isEnd: isEnd, bytesMax: bytesMax)
        } else if let length = head["content-length"] {
            guard let count = Int(length), count >= 0 else {
                self = .broken
                return
            }
            self =
                bytes.count >= count
                ? .whole(Array(bytes.prefix(count))) : isEnd ? .cut : .incomplete(Array(bytes))
        } else {
            self = isEnd ? .whole(Array(bytes)) : .incomplete(Array(bytes))
        }
    }

    private init(chunks bytes: ArraySlice<UInt8>, isEnd: Bool, bytesMax: Int) {
        var rest = bytes
        var body: [UInt8] = []
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            let digits = rest[..<end].prefix { isHexadecimal($0) }
            guard let count = Int(String(decoding: digits, as: UTF8.self), radix: 16), count >= 0
            else {
                self = .broken
                return
            }
            if count == 0 {
                self = .whole(body)
                return
            }
            rest = rest[(end + 1)...]
            body += rest.prefix(count)
            guard body.count <= bytesMax else {
                self = .incomplete(body)
                return
            }
            // Its own end of line follows each chunk.
            guard rest.count > count,
                let next = rest.dropFirst(count).firstIndex(of: UInt8(ascii: "\n"))
            else { break }
            rest = rest[(next + 1)...]
        }
        self = isEnd ? .cut : .incomplete(body)
    }
}

private func isHexadecimal(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
        UInt8(ascii: "A")...UInt8(ascii: "F"):
        true
    default: false
    }
}
