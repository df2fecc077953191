internal import Testing

@testable internal import Probing

private func answer(_ text: String, isEnd: Bool = false, bodyBytesMax: Int = 100) -> HTTPAnswer {
    HTTPAnswer(Array(text.utf8), isEnd: isEnd, bodyBytesMax: bodyBytesMax)
}

private func whole(_ httpStatus: Int, _ body: String) -> HTTPAnswer {
    .whole(httpStatus: httpStatus, body: Array(body.utf8))
}

private let plain = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX: y: z\r\n\r\nhello"
private let chunked =
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, Chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\n\r\n"

@Test(arguments: [
    (plain, whole(200, "hello")), (plain + "more", whole(200, "hello")),
    (chunked, whole(200, "hello")),
    (
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nA: b\r\n\r\n" + plain,
        whole(200, "hello")
    ),
    ("HTTP/1.1 204 No Content\r\n\r\n", whole(204, "")),
    ("HTTP/1.0 401 Unauthorized\ncontent-length:  2  \n\nno", whole(401, "no")),
    ("HTTP/1.1 503\r\nContent-Length: 0\r\n\r\n", whole(503, "")),
])
func `an answer is whole when it says so`(text: String, expected: HTTPAnswer) {
    #expect(answer(text) == expected)
}

@Test(arguments: [plain, String(chunked.dropLast())])
func `each beginning of an answer is incomplete`(text: String) {
    for count in 0..<text.utf8.count - 1 {
        let beginning = Array(text.utf8.prefix(count))
        #expect(HTTPAnswer(beginning, isEnd: false, bodyBytesMax: 100) == .incomplete)
        #expect(
            HTTPAnswer(beginning, isEnd: true, bodyBytesMax: 100)
                == .broken("connection closed before the end of the answer"))
    }
}

@Test func `without a length the end of the connection ends the body`() {
    let text = "HTTP/1.1 200 OK\r\n\r\nhello"
    #expect(answer(text) == .incomplete)
    #expect(answer(text, isEnd: true) == whole(200, "hello"))
}

@Test(arguments: [
    "HTTP/1.1 200 OK\r\n\r\n0123456789", "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n0123456789",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nA\r\n0123456789\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nA\r\n0123456789\r\nno chunk\r\n",
])
func `a body has a limit`(text: String) {
    let expected = HTTPAnswer.tooLarge(httpStatus: 200, body: Array("0123".utf8))
    #expect(answer(text, bodyBytesMax: 4) == expected)
}

@Test(arguments: [
    "SSH-2.0-OpenSSH_9.2\r\n", "HTTP/2 200\r\n\r\n", "HTTP/1.1\r\n\r\n", "HTTP/1.1 2000 x\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n",
    "HTTP/1.1 " + String(repeating: "x", count: headBytesMax),
])
func `what is no HTTP is told so`(text: String) {
    #expect(answer(text) == .broken("the answer is not HTTP"))
}

@Test func `a status does not wait for its body`() {
    let text = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 1000\r\n\r\n"
    #expect(httpStatus(of: Array(text.utf8)) == 401)
    #expect(httpStatus(of: Array(text.utf8.dropLast())) == nil)
    #expect(httpStatus(of: Array(("HTTP/1.1 100 Continue\r\n\r\n" + text).utf8)) == 401)
    #expect(httpStatus(of: Array("GARBAGE\r\n\r\n".utf8)) == nil)
}

@Test(arguments: [
    String(repeating: "HTTP/1.1 100 Continue\r\n\r\n", count: 4000),
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;"
        + String(repeating: "x", count: 80_000),
])
func `an answer that says nothing without an end is broken`(text: String) {
    #expect(answer(text) == .broken("the answer has no end"))
}

@Test func `what does not begin as HTTP does not become it`() {
    #expect(answer("\n" + plain) == .broken("the answer is not HTTP"))
}
