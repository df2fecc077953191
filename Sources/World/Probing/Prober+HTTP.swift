internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import StackModel
internal import TLS

extension Prober {
    func askHTTP(_ text: String, for inquiry: Inquiry) {
        do throws(HTTPURLError) {
            let url = try HTTPURL(text)
            connect(to: url.host, url.port, for: inquiry) {
                if url.isEncrypted {
                    self.call(url, over: OwnedSocket($0), for: inquiry)
                } else {
                    self.exchange(url, over: $0, for: inquiry)
                }
            }
        } catch {
            inquiry.finish(.unknown("\(error)"))
        }
    }

    /// Over TLS, which blocks, on a thread. On loopback any certificate will do.
    private func call(_ url: HTTPURL, over socket: OwnedSocket, for inquiry: Inquiry) {
        perform(for: inquiry) { limit -> Result<HTTPAnswer, HTTPCall.Failure> in
            Result { () throws(HTTPCall.Failure) in
                let call = try HTTPCall(
                    url, over: socket, verification: url.isLoopback ? .none : .system,
                    by: .now + limit)
                try call.get(authorization: url.authorization)
                return try call.answer()
            }
        } then: { result in
            switch result {
            case .success(let answer): inquiry.finish(answer.result, asked: inquiry.question)
            case .failure(let failure): inquiry.finish(failure.outcome)
            }
        }
    }

    private func exchange(_ url: HTTPURL, over socket: CInt, for inquiry: Inquiry) {
        let exchange = HTTPExchange(url) { inquiry.finish($0, asked: inquiry.question) }
        let bound = NIOLoopBound(exchange, eventLoop: loop)
        let channel = ClientBootstrap(group: loop).channelInitializer { channel in
            channel.eventLoop.makeCompletedFuture {
                let pipeline = channel.pipeline.syncOperations
                try pipeline.addHandler(HTTPRequestEncoder())
                try pipeline.addHandler(
                    ByteToMessageHandler(HTTPResponseDecoder(leftOverBytesStrategy: .dropBytes)))
                try pipeline.addHandler(bound.value)
            }
        }.withConnectedSocket(socket)
        channel.assumeIsolated().whenComplete { result in
            switch result {
            case .success(let channel):
                if inquiry.isOver { return channel.close(promise: nil) }
                inquiry.abandon = { channel.close(promise: nil) }
            case .failure(let error):
                inquiry.finish(.failed(.other("\(error)")))
            }
        }
    }
}

extension HTTPAnswer {
    fileprivate var result: HTTPExchange.Result {
        switch self {
        case .incomplete: .broken("connection closed before the end of the answer")
        case .whole(let httpStatus, let body): .answer(httpStatus: httpStatus, body: body)
        case .tooLarge(let httpStatus, let body): .tooLarge(httpStatus: httpStatus, body: body)
        case .broken(let words): .broken(words)
        }
    }
}

extension HTTPCall.Failure {
    fileprivate var outcome: Report.Outcome {
        switch self {
        case .refused: .failed(.refused)
        case .timedOut: .failed(.timedOut)
        case .failed(let words): .failed(.other(words))
        case .unable(let words): .unknown(words)
        }
    }
}

extension Inquiry {
    fileprivate func finish(_ result: HTTPExchange.Result, asked question: Question) {
        switch result {
        case .answer(let httpStatus, let body):
            let outcome = HealthBody.outcome(
                httpStatus: httpStatus, body: body, service: question.service,
                contract: question.contract, now: wallClock())
            finish(outcome, body: evidence(body))
        case .tooLarge(let httpStatus, let body):
            let isGood = (200..<300).contains(httpStatus)
            finish(
                .failed(
                    isGood
                        ? .other("body larger than \(ProbingLimits.bodyBytesMax >> 10) KiB")
                        : .httpStatus(httpStatus)),
                body: evidence(body))
        case .broken(let words): finish(.failed(.other(words)))
        }
    }
}

/// The start of a body that a report has room for, cut between characters.
private func evidence(_ body: [UInt8]) -> String? {
    guard !body.isEmpty else { return nil }
    var end = min(body.count, Report.bodyBytesMax)
    if end < body.count {
        while end > 0, body[end] & 0xC0 == 0x80 { end -= 1 }
    }
    return String(decoding: body[..<end], as: UTF8.self)
}
