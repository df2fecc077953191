import Foundation
import Glibc
import StackModel
import Testing

@testable import Logs

@Suite struct RotationTests {
    private static let drivers = [LogPolicy.Driver.jsonFile, .local]

    private func files(_ place: Workplace) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: place.directory + "/log/scanner"))
            ?? []).sorted()
    }

    private func fill(_ pen: Pen, _ range: Range<Int>) {
        for number in range {
            pen.write("line \(number) \(String(repeating: "x", count: number % 150))\n")
        }
    }

    private func numbers(_ texts: [String]) -> [Int] {
        texts.compactMap { Int($0.split(separator: " ")[1]) }
    }

    @Test(arguments: drivers)
    func `files keep to their size and number`(driver: LogPolicy.Driver) async throws {
        let place = try Workplace()
        let policy = LogPolicy(driver, sizeMax: 8 << 10, filesMax: 3)
        let pen = try Pen(place.pump.open("scanner", policy: policy).stdout)
        fill(pen, 0..<2000)
        try await eventually("the end") { numbers(place.reading("scanner").texts).last == 1999 }
        let name = driver == .jsonFile ? "scanner-json.log" : "scanner.log"
        #expect(files(place) == [name, "\(name).1", "\(name).2"])
        for file in files(place) {
            #expect(place.bytes("\(place.directory)/log/scanner/\(file)").count <= 8 << 10)
        }
        for file in files(place).dropFirst() {
            #expect(place.bytes("\(place.directory)/log/scanner/\(file)").count > 7 << 10)
        }
        let kept = numbers(place.reading("scanner").texts)
        #expect(kept == Array(kept[0]..<2000))
    }

    @Test(arguments: drivers)
    func `one burst is spread over many files`(driver: LogPolicy.Driver) async throws {
        let place = try Workplace()
        let policy = LogPolicy(driver, sizeMax: 4 << 10, filesMax: 1000)
        let pen = try Pen(place.pump.open("scanner", policy: policy).stdout)
        pen.write((0..<1000).map { "line \($0)\n" }.joined())
        pen.write("line 1000 \(String(repeating: "y", count: 10_000))\nline 1001\n")
        try await eventually("the end") {
            numbers(place.reading("scanner").texts) == Array(0...1001)
        }
        for file in files(place) {
            let bytes = place.bytes("\(place.directory)/log/scanner/\(file)")
            #expect(bytes.count <= 4 << 10 || bytes.filter { $0 == newline }.count <= 2)
        }
    }

    @Test func `fewer files are kept after the policy changed`() async throws {
        let place = try Workplace()
        let pen = try Pen(
            place.pump.open("scanner", policy: LogPolicy(.local, sizeMax: 4 << 10, filesMax: 6))
                .stdout)
        fill(pen, 0..<500)
        try await eventually("six files") { files(place).count == 6 }
        _ = try place.pump.open("scanner", policy: LogPolicy(.local, sizeMax: 4 << 10, filesMax: 1))
        fill(pen, 500..<1000)
        try await eventually("one file") { files(place) == ["scanner.log"] }
    }

    @Test(arguments: drivers)
    func `rotated files are compressed and read back`(driver: LogPolicy.Driver) async throws {
        let place = try Workplace()
        let policy = LogPolicy(driver, sizeMax: 16 << 10, filesMax: 40, compress: true)
        let pen = try Pen(place.pump.open("scanner", policy: policy).stdout)
        fill(pen, 0..<3000)
        let name = driver == .jsonFile ? "scanner-json.log" : "scanner.log"
        try await eventually("compressed files") {
            numbers(place.reading("scanner").tail(1).texts) == [2999]
                && files(place).allSatisfy { $0 == name || $0.hasSuffix(".gz") }
        }
        #expect(files(place).count > 10)
        #expect(numbers(place.reading("scanner").texts) == Array(0..<3000))
        #expect(numbers(place.reading("scanner").tail(2500).texts) == Array(500..<3000))
    }

    @Test func `a file that an operator moves away is begun anew`() async throws {
        let place = try Workplace()
        let pen = try Pen(place.pump.open("scanner", policy: LogPolicy(.jsonFile)).stdout)
        let path = place.path("scanner", "-json.log")
        pen.write("one\n")
        try await eventually("one") { place.lines(path).count == 1 }
        #expect(rename(path, path + ".old") == 0)
        pen.write("two\n")
        try await eventually("two") { place.reading("scanner").texts == ["two"] }
        #expect(truncate(path, 0) == 0)
        pen.write("three\n")
        try await eventually("three") { place.reading("scanner").texts == ["three"] }
    }

    @Test(arguments: drivers)
    func `half a record, left by a crash, spoils no other`(driver: LogPolicy.Driver) async throws {
        let place = try Workplace()
        let paths = try place.pump.open("scanner", policy: LogPolicy(driver))
        let pen = try Pen(paths.stdout)
        pen.write("one\n")
        try await eventually("one") { place.reading("scanner").texts == ["one"] }
        place.pump.close("scanner")
        let path = place.path("scanner", driver == .jsonFile ? "-json.log" : ".log")
        try await eventually("closed") {
            // The writer's descriptor is gone: only then may somebody else play the crash.
            let links = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")
            return !links.contains {
                (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\($0)"))
                    == path
            }
        }
        let torn = open(path, O_WRONLY | O_APPEND)
        write(torn, "{\"log\":\"to", 10)
        close(torn)
        let again = try place.pump.open("scanner", policy: LogPolicy(driver))
        try Pen(again.stdout).write("two\n")
        try await eventually("two") { place.reading("scanner").texts.last == "two" }
        #expect(
            place.reading("scanner").texts
                == (driver == .jsonFile ? ["one", "two"] : ["one", "{\"log\":\"to", "two"]))
    }
}
