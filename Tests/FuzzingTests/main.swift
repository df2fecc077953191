internal import Glibc

/// libFuzzer's own loop, over the target that the first argument names: see scripts/fuzz.
@_silgen_name("LLVMFuzzerRunDriver")
private func runFuzzer(
    _ count: UnsafeMutablePointer<CInt>,
    _ words: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
    _ test: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

nonisolated(unsafe) private var chosen = FuzzTarget.stack

private func main() -> CInt {
    guard CommandLine.arguments.count > 1,
        let target = FuzzTarget(rawValue: CommandLine.arguments[1])
    else {
        print(FuzzTarget.allCases.map(\.rawValue).joined(separator: "\n"))
        return 2
    }
    chosen = target
    // libFuzzer reads the words behind its program's name.
    var words = CommandLine.unsafeArgv + 1
    var count = CommandLine.argc - 1
    return runFuzzer(&count, &words) { start, count in
        do { try chosen.run(Array(UnsafeBufferPointer(start: start, count: count))) } catch {
            fatalError("\(chosen.rawValue): \(error)")
        }
        return 0
    }
}

exit(main())
