import Foundation
import Glibc
import StackModel
import TestSupport
import Testing

@testable import Logs

/// An agent that died at any step of the way from a FIFO to a file.
@Suite struct SpoolTests {
    /// How far it came with "one\ntwo\nthr".
    enum Death: CaseIterable {
        case beforeTheRead, afterTheRead, beforeTheCut, afterTheCut
        case beforeTheAppend, inTheAppend, afterTheAppend, whenAllWasWritten
    }

    private static let text = Array("one\ntwo\nthr".utf8)

    @Test(arguments: Death.allCases, [LogPolicy.Driver.jsonFile, .local])
    func `each line is written once`(death: Death, driver: LogPolicy.Driver) throws {
        let place = try Remains(driver)
        try place.die(death, Self.text)
        // What the read did not take is still in the FIFO.
        let expected = death == .beforeTheRead ? [] : ["one", "two"]
        for _ in 0..<2 {
            #expect(place.recover() == 0)
            #expect(place.texts == expected)
            #expect(place.held == (death == .beforeTheRead ? "" : "thr"))
            #expect(place.left.isEmpty)
        }
    }

    @Test func `whatever is in the pages, nothing happens but that they are taken away`() throws {
        var chance = Chance(seed: 1)
        for _ in 0..<300 {
            let place = try Remains(.local)
            try place.die(.afterTheCut, Self.text)
            try place.damage(&chance)
            _ = place.recover()
            #expect(place.left.isEmpty)
        }
    }

    @Test func `a file of another kind is none of ours`() throws {
        let place = try Remains(.local)
        for (name, content) in [("1", "short"), ("2", String(repeating: "x", count: 400_000))] {
            try content.write(
                toFile: "\(place.fifos)/\(Spool.batchPrefix)\(name)", atomically: false,
                encoding: .utf8)
        }
        mkdir("\(place.fifos)/\(Spool.batchPrefix)3", 0o700)
        #expect(place.recover() >= 2)
        #expect(place.texts.isEmpty)
    }
}

/// What such an agent leaves, in a directory that goes away.
private final class Remains {
    let directory: String
    var fifos: String { directory + "/fifo" }
    private let driver: LogPolicy.Driver
    private let bytes = LogLimits().batchBytes
    private let service: ServiceName = "scanner"

    init(_ driver: LogPolicy.Driver) throws {
        self.driver = driver
        var template = Array("/tmp/catalyst-spool-XXXXXX".utf8CString)
        directory = String(cString: try #require(mkdtemp(&template)))
        mkdir(fifos, 0o700)
    }

    deinit { try? FileManager.default.removeItem(atPath: directory) }

    func die(_ death: SpoolTests.Death, _ text: [UInt8]) throws {
        let spool = try #require(Spool(in: fifos))
        let slot = try #require(spool.slot(for: service, .stdout, LogPolicy(driver)))
        let pages = try #require(spool.pages(bytes: bytes))
        pages.begin(spool.nextSequence())
        let start = Batch.headroom
        let entry = pages.beginRead(slot: slot, start: start, held: 0, taken: text.count, time: 7)
        if death == .beforeTheRead { return }
        for (index, byte) in text.enumerated() { pages.memory[start + index] = byte }
        if death == .afterTheRead { return }
        pages.endRead(entry, taken: text.count)
        if death == .beforeTheCut { return }
        let path = Spool.heldPath(service, .stdout, in: fifos)
        let held = try #require(HeldLine(making: path))
        Array("thr".utf8).withUnsafeBytes { held.keep($0, tag: pages.tag(of: entry)) }
        pages.cut(entry, skipped: 0, ready: 8, isPartial: false)
        if death == .afterTheCut { return }
        try write(death, pages)
    }

    /// As the writer does it, with "one" in the file before.
    private func write(_ death: SpoolTests.Death, _ pages: SpoolPages) throws {
        let shelf = LogShelf(service, driver == .local ? .local : .json, in: directory + "/log")
        try FileManager.default.createDirectory(
            atPath: shelf.directory, withIntermediateDirectories: true)
        var file = LogFile(shelf)
        try file.prepare()
        let identity = file.identity
        pages.beginAppend(device: identity.device, inode: identity.inode, size: identity.size)
        if death == .beforeTheAppend { return }
        let record = wholeRecords
        let count = death == .inTheAppend ? record.count - 3 : record.count
        try record.withUnsafeBytes {
            try file.append(UnsafeRawBufferPointer(rebasing: $0[..<count]))
        }
        if death == .whenAllWasWritten { pages.endAppend(at: Batch.headroom + 8) }
    }

    /// What the recovery itself would write.
    private var wholeRecords: [UInt8] {
        guard driver == .local else {
            let time = "1970-01-01T00:00:00.000000007Z"
            let lines = ["one", "two"].map {
                #"{"log":"\#($0)\n","stream":"stdout","time":"\#(time)"}"# + "\n"
            }
            return Array(lines.joined().utf8)
        }
        var format = LocalFormat()
        return format.header(
            .stdout, at: Timestamp(nanoseconds: 7), offset: 0, isPartial: false)
            + Array("one\ntwo\n".utf8)
    }

    func damage(_ chance: inout Chance) throws {
        let path = try #require(left.first)
        let descriptor = open(path, O_RDWR)
        defer { close(descriptor) }
        for _ in 0..<(1 + chance.index(below: 4)) {
            var byte = UInt8(chance.index(below: 256))
            let place =
                chance.happens(50) ? chance.index(below: 64) : 4096 + chance.index(below: 48)
            pwrite(descriptor, &byte, 1, off_t(place))
        }
        if chance.happens(10) { ftruncate(descriptor, off_t(chance.index(below: 60_000))) }
    }

    func recover() -> Int {
        let drops = Drops { _, _ in }
        let writer = Writer(
            directory: directory + "/log", queue: BatchQueue(LogLimits(), nil), drops: drops,
            journal: nil, roomMade: {})
        return Recovery(
            directory: fifos, logDirectory: directory + "/log", writer: writer, batchBytes: bytes
        ).run()
    }

    var texts: [String] {
        LogReading(directory: directory + "/log", services: [service]).texts
    }
    var held: String {
        let line = HeldLine(found: Spool.heldPath(service, .stdout, in: fifos))
        return String(decoding: line?.text ?? [], as: UTF8.self)
    }
    /// Batches that were not taken up.
    var left: [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: fifos))?
            .filter { $0.hasPrefix(Spool.batchPrefix) }.map { "\(fifos)/\($0)" } ?? []
    }
}
