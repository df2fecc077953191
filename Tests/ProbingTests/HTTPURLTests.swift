internal import Testing

@testable import Probing

@Test(arguments: [
    ("http://localhost:5001/health", "localhost", 5001, "/health", "localhost:5001"),
    ("HTTP://127.0.0.1", "127.0.0.1", 80, "/", "127.0.0.1"),
    ("http://[::1]:8080/a%20b?x=1&y=%2F", "::1", 8080, "/a%20b?x=1&y=%2F", "[::1]:8080"),
    ("http://host?x", "host", 80, "/?x", "host"),
    ("http://host/#part", "host", 80, "/", "host"),
])
func `an http URL is taken apart`(
    text: String, host: String, port: UInt16, target: String, authority: String
) throws {
    let url = try HTTPURL(text)
    #expect(
        url.host == host && url.port == port && url.target == target && url.authority == authority)
    #expect(url.authorization == nil)
}

@Test func `a user in the URL becomes a header`() throws {
    #expect(try HTTPURL("http://u:p%40ss@host/").authorization == "Basic dTpwQHNz")
}

@Test(arguments: [
    "", "localhost:5001", "http://", "http://host:0/", "http://host:70000/", "ftp://host/",
    "http://host/a b", "http://host/\r\nX: y",
])
func `what is no http URL is refused`(text: String) {
    #expect(throws: HTTPURLError.malformed) { try HTTPURL(text) }
}

@Test(arguments: [
    ("https://host", 443 as UInt16, "host"), ("https://host:8443/x", 8443, "host:8443"),
    ("HTTPS://host:443", 443, "host"), ("https://[::1]:80/", 80, "[::1]:80"),
])
func `https has a port of its own`(text: String, port: UInt16, authority: String) throws {
    let url = try HTTPURL(text)
    #expect(url.isEncrypted)
    #expect(url.port == port)
    #expect(url.authority == authority)
}

@Test(arguments: [
    ("127.0.0.1", true), ("127.9.9.9", true), ("localhost", true), ("[::1]", true),
    ("127.0.0.1.example.org", false), ("10.0.0.1", false), ("example.org", false), ("[::2]", false),
])
func `loopback is known by its address`(host: String, isLoopback: Bool) throws {
    #expect(try HTTPURL("https://\(host)/").isLoopback == isLoopback)
}
