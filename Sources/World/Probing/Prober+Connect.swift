internal import Glibc
internal import NIOCore
internal import NIOPosix
internal import StackModel

extension Prober {
    /// Connects as the inquiry's question wants it, and ends the inquiry where that fails.
    func connect(
        to host: String, _ port: UInt16, for inquiry: Inquiry, then use: @escaping (CInt) -> Void
    ) {
        resolve(host, port, for: inquiry) { addresses in
            let source: SocketAddress?
            do {
                source = try inquiry.question.sourceAddress.map {
                    try SocketAddress(ipAddress: $0, port: 0)
                }
            } catch {
                return inquiry.finish(
                    .unknown(
                        "cannot ask from '\(inquiry.question.sourceAddress ?? "")': no address"))
            }
            let usable = addresses.filter { source == nil || $0.protocol == source?.protocol }
            guard !usable.isEmpty else {
                return inquiry.finish(.unknown("cannot find an address for '\(host)'"))
            }
            self.dial(usable, from: source, for: inquiry, then: use)
        }
    }

    private func dial(
        _ addresses: [SocketAddress], from source: SocketAddress?, for inquiry: Inquiry,
        then use: @escaping (CInt) -> Void
    ) {
        let dial = Dial(
            to: addresses, from: source, awaitsListener: inquiry.question.awaitsListener,
            among: crowd,
            on: inquiry.loop
        ) { result in
            switch result {
            case .success(let socket):
                inquiry.abandon = {}
                inquiry.outcomeAtDeadline = { .failed(.timedOut) }
                use(socket)
            case .failure(let failure): inquiry.finish(failure.outcome)
            }
        }
        inquiry.abandon = { dial.cancel() }
        inquiry.outcomeAtDeadline = { dial.failureSoFar.outcome }
        dial.proceed()
    }

    /// Names other than `localhost` are looked up on a thread: getaddrinfo(3) blocks.
    private func resolve(
        _ host: String, _ port: UInt16, for inquiry: Inquiry,
        then use: @escaping ([SocketAddress]) -> Void
    ) {
        let literals = host.lowercased() == "localhost" ? ["127.0.0.1", "::1"] : [host]
        let numeric = literals.compactMap { literal in
            // A name is no numeric address: it is looked up below.
            try? SocketAddress(ipAddress: literal, port: Int(port))
        }
        guard numeric.isEmpty else { return use(numeric) }
        perform(for: inquiry) { _ in
            addresses(of: host, port)
        } then: {
            use($0)
        }
    }
}

extension Dial.Failure {
    var outcome: Report.Outcome {
        switch self {
        case .refused: .failed(.refused)
        case .timedOut: .failed(.timedOut)
        case .failed(let words): .failed(.other(words))
        case .unable(let words): .unknown(words)
        }
    }
}

private func addresses(of host: String, _ port: UInt16) -> [SocketAddress] {
    // The first one is what the system prefers; a probe asks one server.
    guard let first = try? SocketAddress.makeAddressResolvingHost(host, port: Int(port)) else {
        return []
    }
    return [first]
}
