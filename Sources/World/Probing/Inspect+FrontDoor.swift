internal import Glibc
internal import StackModel
internal import TLS

/// A GET without a key: what a stranger gets. The certificate is looked at, and never keeps us out;
/// on loopback it need not be for the address.
func frontDoor(_ text: String, by deadline: ContinuousClock.Instant) -> InspectionResult {
    let url: HTTPURL
    do throws(HTTPURLError) { url = try HTTPURL(text) } catch {
        return .failed("\(error)", isAway: false)
    }
    do throws(HTTPCall.Failure) {
        return .frontDoor(try facts(of: url, by: deadline))
    } catch {
        if case .unable = error { return .failed(error.words, isAway: false) }
        return .failed(error.words, isAway: true)
    }
}

private func facts(
    of url: HTTPURL, by deadline: ContinuousClock.Instant
) throws(HTTPCall.Failure) -> FrontDoorFacts {
    let start = ContinuousClock.now
    var facts = FrontDoorFacts()
    let socket: OwnedSocket
    do throws(ConnectError) {
        socket = OwnedSocket(try connectedSocket(to: url.host, url.port, by: deadline))
    } catch {
        throw HTTPCall.Failure(error)
    }
    let call = try HTTPCall(url, over: socket, verification: .observed, by: deadline)
    try call.get(authorization: nil)
    facts.status = try call.answeredStatus()
    facts.latency = .now - start
    facts.tlsVersion = call.tls?.version
    facts.certificate = call.tls?.certificateFacts(
        source: "\(url.host):\(url.port)", isNamed: !url.isLoopback, at: wallClock())
    return facts
}
