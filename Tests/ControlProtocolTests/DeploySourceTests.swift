import Glibc
import Testing

@testable import catalystctl

struct DeploySourceTests {
    @Test(arguments: [
        ("app", nil, "/here/app", nil),
        ("app#main", nil, "/here/app", "main"),
        ("app", "main", "/here/app", "main"),
        ("app#main", "main", "/here/app", "main"),
        // It is there by that very name.
        ("odd#name", nil, "/here/odd#name", nil),
        ("odd#name#v1", nil, "/here/odd#name", "v1"),
        ("https://example.org/app.git", nil, "https://example.org/app.git", nil),
        ("https://example.org/app.git#v1", nil, "https://example.org/app.git", "v1"),
        ("git@example.org:app.git", "v1", "git@example.org:app.git", "v1"),
        ("v5.4.0", nil, nil, "v5.4.0"),
        ("feature/prices", nil, nil, "feature/prices"),
        ("#v5", nil, nil, "v5"),
        (nil, "v5", nil, "v5"),
        (nil, nil, nil, nil),
    ])
    func `a source is a place, a revision, or both`(
        word: String?, option: String?, source: String?, revision: String?
    ) throws {
        let found = try DeploySource(word, revision: option, exists: exists)
        #expect(found.source == source)
        #expect(found.revision == revision)
    }

    @Test(arguments: [
        ("", nil), ("./nothing", nil), ("/nothing", nil), ("nothing/", nil), ("app.tar.gz", nil),
        ("nothing#main", nil), ("nothing", "main"), ("app#one", "two"),
    ])
    func `what is none is refused`(word: String, option: String?) {
        #expect { try DeploySource(word, revision: option, exists: exists) } throws: {
            ($0 as? Failure)?.status == .usage
        }
    }

    @Test func `a path is whole for whoever reads it, and none where there is nothing`() throws {
        let directory = try temporaryDirectory()
        defer { rmdir(directory) }
        #expect(try fullPath(directory + "/../.") == fullPath("/tmp"))
        #expect(try fullPath(".")?.hasPrefix("/") == true)
        #expect(try fullPath(directory + "/nothing") == nil)
        #expect(try fullPath(directory + "/nothing/there") == nil)
    }

    private func exists(_ path: String) -> String? {
        ["app", "odd#name"].contains(path) ? "/here/\(path)" : nil
    }
}
