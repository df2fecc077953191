import StackModel
import Testing

@testable import StackFile

private func reference(
    _ names: [String] = ["stack.yaml"], environment: [String: String] = [:]
) -> (stack: StackSpec?, errors: [Problem], warnings: [Problem]) {
    // An `.env` beside the reference must not matter here.
    let source = StackSource(
        files: names.map { "\(unitsPath)/\($0)" }, environment: environment, envFile: "/dev/null")
    return source.load()
}

@Test func `the reference has the nine as documented`() throws {
    let folder = try StackFolder(["empty": ""])
    let source = StackSource(
        files: ["\(unitsPath)/stack.yaml"], environment: [:], envFile: folder.path + "/empty")
    let (loaded, errors, warnings) = source.load()
    #expect(errors.isEmpty, "\(errors.lines.joined(separator: "\n"))")
    #expect(warnings.isEmpty)
    let stack = try #require(loaded)
    print(render(stack))
}
