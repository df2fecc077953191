internal import CYAML

/// What libyaml says next. Anchors and tags are nil where there are none.
enum YAMLEvent {
    case alias(String)
    case scalar(String, isPlain: Bool, anchor: String?, tag: String?)
    case listStart(anchor: String?, tag: String?)
    case mappingStart(anchor: String?, tag: String?)
    case end
    case documentStart
    case streamEnd
    /// Stream start and document end: of no interest.
    case bracket
}

/// Why a text is not YAML, or more of it than we take.
struct SyntaxError: Error, Equatable {
    var line: Int
    var column: Int
    var message: String
}

/// A YAML text as libyaml's events; owns the C parser and the bytes it reads.
struct EventStream: ~Copyable {
    /// Where the last event began, from 1.
    private(set) var line = 1
    private(set) var column = 1
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let bytes: UnsafeMutableBufferPointer<UInt8>
    private let isUsable: Bool

    init(_ text: [UInt8]) {
        // At a fixed address: libyaml keeps a pointer to the parser inside the parser.
        parser = .allocate(capacity: 1)
        bytes = .allocate(capacity: text.count)
        _ = bytes.initialize(from: text)
        isUsable = yaml_parser_initialize(parser) == 1
        guard isUsable else { return }
        yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        yaml_parser_set_input_string(parser, bytes.baseAddress, bytes.count)
    }

    deinit {
        if isUsable { yaml_parser_delete(parser) }
        parser.deallocate()
        bytes.deallocate()
    }

    mutating func next() throws(SyntaxError) -> YAMLEvent {
        guard isUsable else { throw SyntaxError(line: 1, column: 1, message: "out of memory") }
        var event = yaml_event_t()
        guard yaml_parser_parse(parser, &event) == 1 else { throw syntaxError }
        defer { yaml_event_delete(&event) }
        line = Int(event.start_mark.line) + 1
        column = Int(event.start_mark.column) + 1
        return Self.read(event)
    }

    private static func read(_ event: yaml_event_t) -> YAMLEvent {
        switch event.type {
        case YAML_ALIAS_EVENT:
            return .alias(text(event.data.alias.anchor) ?? "")
        case YAML_SCALAR_EVENT:
            let scalar = event.data.scalar
            let value = UnsafeBufferPointer(start: scalar.value, count: scalar.length)
            return .scalar(
                String(decoding: value, as: UTF8.self),
                isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE,
                anchor: text(scalar.anchor), tag: text(scalar.tag))
        case YAML_SEQUENCE_START_EVENT:
            let list = event.data.sequence_start
            return .listStart(anchor: text(list.anchor), tag: text(list.tag))
        case YAML_MAPPING_START_EVENT:
            let mapping = event.data.mapping_start
            return .mappingStart(anchor: text(mapping.anchor), tag: text(mapping.tag))
        case YAML_SEQUENCE_END_EVENT, YAML_MAPPING_END_EVENT: return .end
        case YAML_DOCUMENT_START_EVENT: return .documentStart
        case YAML_STREAM_END_EVENT: return .streamEnd
        default: return .bracket
        }
    }

    private var syntaxError: SyntaxError {
        let state = parser.pointee
        var message = state.problem.map { String(cString: $0) } ?? "is not YAML"
        if state.error == YAML_READER_ERROR {
            let before = bytes.prefix(Int(state.problem_offset))
            let line = before.count { $0 == UInt8(ascii: "\n") } + 1
            return SyntaxError(line: line, column: 1, message: message)
        }
        // A token's scan starts where it fails: no news.
        if let context = state.context, state.context_mark.index != state.problem_mark.index {
            message += ", " + String(cString: context)
            message += " that starts on line \(state.context_mark.line + 1)"
        }
        return SyntaxError(
            line: Int(state.problem_mark.line) + 1, column: Int(state.problem_mark.column) + 1,
            message: message)
    }
}

private func text(_ pointer: UnsafeMutablePointer<yaml_char_t>?) -> String? {
    pointer.map { String(cString: $0) }
}
