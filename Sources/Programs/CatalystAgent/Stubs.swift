internal import StackModel
struct ReleaseShelf: Sendable { init(root: String) {}; func list() -> [Release] { [] }; var current: String? { nil }; func makeCurrent(_ id: String) throws {}; func prune(keep: Int, inUse: Set<String>) -> [String] { [] } }
