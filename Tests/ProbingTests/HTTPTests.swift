internal import Glibc
internal import StackModel
internal import Testing

private let soon = Duration.milliseconds(300)

@Test func `a good answer is healthy, and is kept as evidence`() async {
    let server = answering(http(#"{"status":"healthy","service":"scanner"}"#))
    defer { server.stop() }
    let report = await Asking.http(server)
    #expect(report.outcome == .healthy)
    #expect(report.body == #"{"status":"healthy","service":"scanner"}"#)
    #expect(report.latency > .zero)
}

@Test(arguments: [
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n{\"st\r\n10\r\natus\":\"healthy\"}\r\n0\r\n\r\n",
    "HTTP/1.0 200 OK\r\n\r\n{\"status\":\"healthy\"}",
    "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{\"status\":\"healthy\"}",
    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
    "HTTP/1.1 204 No Content\r\n\r\n",
])
func `every way to end an answer is understood`(answer: String) async {
    let server = answering(answer)
    defer { server.stop() }
    #expect(await Asking.http(server).outcome == .healthy)
}

@Test(arguments: [
    ("garbage\r\n\r\n", "the answer is not HTTP"),
    ("\0\0\0\0\0\0", "the answer is not HTTP"),
    ("", "connection closed before the end of the answer"),
    ("HTTP/1.1 200 OK\r\nContent-Le", "connection closed before the end of the answer"),
    (
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
        "connection closed before the end of the answer"
    ),
    ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "the answer is not HTTP"),
])
func `a broken answer is told in words`(answer: String, words: String) async {
    let server = answering(answer)
    defer { server.stop() }
    #expect(await Asking.http(server).outcome == .failed(.other(words)))
}

@Test func `a reset connection is told in words`() async {
    let server = RawServer { connection in
        readRequest(connection)
        var now = linger(l_onoff: 1, l_linger: 0)
        setsockopt(connection, SOL_SOCKET, SO_LINGER, &now, socklen_t(MemoryLayout<linger>.size))
    }
    defer { server.stop() }
    #expect(await Asking.http(server).outcome == .failed(.other("connection reset")))
}

@Test func `a redirect is not followed`() async {
    let server = answering("HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n")
    defer { server.stop() }
    #expect(await Asking.http(server).outcome == .failed(.httpStatus(302)))
    #expect(server.count == 1)
}

@Test func `an error's body is kept, cut between characters`() async {
    let server = answering(http("x" + String(repeating: "ü", count: 5000), status: "500 Oops"))
    defer { server.stop() }
    let report = await Asking.http(server)
    #expect(report.outcome == .failed(.httpStatus(500)))
    #expect(report.body == "x" + String(repeating: "ü", count: 2047))
}

@Test func `a body without end is cut off`() async {
    let server = RawServer { connection in
        readRequest(connection)
        sendAll(Array("HTTP/1.1 200 OK\r\n\r\n".utf8), over: connection)
        while sendAll([UInt8](repeating: 32, count: 16 << 10), over: connection) {}
    }
    defer { server.stop() }
    #expect(await Asking.http(server).outcome == .failed(.other("body larger than 64 KiB")))
}

@Test func `headers without end are cut off`() async {
    let server = RawServer { connection in
        readRequest(connection)
        sendAll(Array("HTTP/1.1 200 OK\r\nX: ".utf8), over: connection)
        while sendAll([UInt8](repeating: 120, count: 16 << 10), over: connection) {}
    }
    defer { server.stop() }
    #expect(await Asking.http(server).outcome == .failed(.other("the answer is not HTTP")))
}

@Test func `silence ends with the time limit`() async {
    let server = RawServer { connection in awaitEnd(connection) }
    defer { server.stop() }
    let report = await Asking.http(server, within: soon)
    #expect(report.outcome == .failed(.timedOut))
    #expect(report.latency >= soon)
}

@Test(arguments: ["", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"])
func `an answer that trickles ends with the time limit`(start: String) async {
    let server = RawServer { connection in
        readRequest(connection)
        sendAll(Array(start.utf8), over: connection)
        let drops = start.isEmpty ? Array("HTTP/1.1 200 OK\r\nX: ".utf8) : []
        var index = 0
        repeat {
            usleep(20_000)
            index += 1
        } while sendAll([index <= drops.count ? drops[index - 1] : 120], over: connection)
    }
    defer { server.stop() }
    #expect(await Asking.http(server, within: soon).outcome == .failed(.timedOut))
}

@Test func `nothing is kept open`() async {
    let hasEnded = Flag()
    let server = RawServer { connection in
        readRequest(connection)
        sendAll(Array(http("{}").utf8), over: connection)
        awaitEnd(connection)
        hasEnded.raise()
    }
    defer { server.stop() }
    #expect(await Asking.http(server).outcome == .healthy)
    #expect(await hasEnded.isRaised(within: .seconds(10)))
}

@Test func `the request says whom it asks, and to close`() async {
    let server = RawServer { connection in
        let request = readRequest(connection)
        let isGood =
            request.hasPrefix("GET /health?deep=1 HTTP/1.1\r\n")
            && request.contains("Host: 127.0.0.1:")
            && request.contains("Connection: close\r\n")
        sendAll(Array(http("{}", status: isGood ? "200 OK" : "400 Bad").utf8), over: connection)
    }
    defer { server.stop() }
    #expect(await Asking.http(server, path: "/health?deep=1").outcome == .healthy)
}

@Test func `the source address is chosen`() async {
    let server = RawServer { connection in
        readRequest(connection)
        let isSecond = peerAddress(of: connection) == "127.0.0.2"
        sendAll(Array(http("{}", status: isSecond ? "200 OK" : "403 No").utf8), over: connection)
    }
    defer { server.stop() }
    let url = "http://localhost:\(server.port)/"
    #expect(await Asking.report(.http(url: url), from: "127.0.0.2").outcome == .healthy)
    #expect(await Asking.report(.http(url: url)).outcome == .failed(.httpStatus(403)))
}

@Test func `many silent services delay nobody`() async {
    let silent = RawServer { connection in awaitEnd(connection) }
    let prompt = answering(http("{}"))
    defer {
        silent.stop()
        prompt.stop()
    }
    await withTaskGroup(of: Void.self) { group in
        for _ in 0..<50 {
            group.addTask { _ = await Asking.http(silent, within: .seconds(2)) }
        }
        let report = await Asking.http(prompt, within: .milliseconds(1900))
        #expect(report.outcome == .healthy)
    }
}
