internal import Glibc
internal import Postgres
internal import Redis
package import StackModel
internal import SwiftOverlayShims  // A release build takes `timespec` from there.
internal import TLS

/// Looks closely at one thing. Blocks, for `limit` where the kernel lets it end by then: looking up
/// a name, or into a file system that hangs, may take longer.
package func inspect(_ inspection: Inspection, within limit: Duration) -> InspectionResult {
    let deadline = ContinuousClock.now + limit
    switch inspection {
    case .redis(let url): return redisFacts(url, within: limit)
    case .postgres(let url): return postgresFacts(url, within: limit)
    case .certificates(let paths): return certificates(paths)
    case .frontDoor(let url): return frontDoor(url, by: deadline)
    }
}

private func redisFacts(_ text: String, within limit: Duration) -> InspectionResult {
    do throws(RedisError) {
        return .redis(try facts(of: try RedisURL(text), within: limit))
    } catch {
        return .failed("\(error)", isAway: error.meansAway)
    }
}

private func postgresFacts(_ url: String, within limit: Duration) -> InspectionResult {
    do throws(PostgresError) {
        return .postgres(try inspect(postgres: url, within: limit))
    } catch {
        return .failed("\(error)", isAway: error.meansAway)
    }
}

extension RedisError {
    fileprivate var meansAway: Bool {
        switch self {
        case .malformedURL, .unable: false
        case .refused, .timedOut: true
        case .failed: !isAnswer
        }
    }
}

private func certificates(_ paths: [String]) -> InspectionResult {
    do throws(TLSError) {
        var found: [CertificateFacts] = []
        for path in paths { found.append(try certificateFacts(inFile: path, at: wallClock())) }
        return .certificates(found)
    } catch {
        return .failed("cannot read certificates: \(error)", isAway: false)
    }
}

/// The wall clock's time.
func wallClock() -> Timestamp {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return timestamp(of: time)
}

func timestamp(of time: timespec) -> Timestamp {
    let (seconds, overflow) = Int64(time.tv_sec).multipliedReportingOverflow(by: 1_000_000_000)
    // A file may say any year.
    return Timestamp(nanoseconds: overflow ? .max : seconds &+ Int64(time.tv_nsec))
}
