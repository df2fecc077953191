/// A family of parsers that meet bytes of others: any input must leave them whole, and what they promise true.
///
/// Where a family has several, the first byte chooses one.
enum FuzzTarget: String, CaseIterable {
    /// Stack files, `.env` and variables in values.
    case stack, variables
    /// Answers of services.
    case http
    /// Answers of Redis.
    case redis
    /// sd_notify datagrams.
    case notify
    /// Requests and answers on the control socket, and those of the collector.
    case control
    /// A ledger that is damaged, or another file.
    case ledger
    /// Texts of /proc and of cgroups.
    case kernel
    /// Log files in both formats.
    case logs
    /// What other programs and earlier agents left: backups, tarballs, notes.
    case files
    /// Texts with a grammar of their own: URLs, times, zones, names.
    case words
}

extension FuzzTarget {
    /// Throws where a promise is broken. A trap, or more time or memory than there may be, ends the program.
    func run(_ bytes: [UInt8]) throws {
        switch self {
        case .stack: try fuzzStack(bytes)
        case .variables: try chosen(bytes, [fuzzVariables, fuzzInterpolation])
        case .http: try chosen(bytes, [fuzzHTTPAnswer, fuzzHTTPExchange, fuzzHealthBody])
        case .redis: try fuzzRedis(bytes)
        case .notify: try fuzzNotification(bytes)
        case .control: try chosen(bytes, [fuzzControl, fuzzCollector])
        case .ledger: try fuzzLedger(bytes)
        case .kernel: try fuzzKernel(bytes)
        case .logs: try chosen(bytes, [fuzzLogLines, fuzzLogFiles])
        case .files: try chosen(bytes, [fuzzTar, fuzzListing, fuzzRemembered])
        case .words: try chosen(bytes, [fuzzAddresses, fuzzZone, fuzzWords])
        }
    }

    private func chosen(_ bytes: [UInt8], _ parsers: [([UInt8]) throws -> Void]) throws {
        guard let first = bytes.first else { return }
        try parsers[Int(first) % parsers.count](Array(bytes.dropFirst()))
    }
}

/// A promise that an input has broken.
struct Broken: Error, CustomStringConvertible {
    let description: String
}

func promise(_ holds: Bool, _ words: @autoclosure () -> String) throws(Broken) {
    if !holds { throw Broken(description: words()) }
}
