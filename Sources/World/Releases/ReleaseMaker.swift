internal import Glibc
internal import LinuxSystem
package import StackModel

/// Makes a release: fetches, builds and seals it. One in a process at a time.
package struct ReleaseMaker {
    package struct Order: Sendable {
        /// A directory, a tarball, a git repository; nil: `repository`.
        package var source: String?
        package var revision: String?
        package var repository: String?
        /// Where a stack file would be in it.
        package var stackName = "stack.yaml"
        /// Nothing is built, nothing is kept.
        package var isPlan = false
        /// Free space before anything is fetched; the release's own stack may ask for more.
        package var spaceMin = ReleasePolicy().spaceMin

        package init() {}
    }

    /// The stack that a tree defines; with nil: it has no stack file. Throws what is to be told.
    package typealias Resolve = (_ directory: String, _ stackFile: String?) throws -> StackSpec

    private let shelf: ReleaseShelf
    private let environment: [String: String]
    private let tell: (String) -> Void
    private let tools: Tools

    /// `tell` gets what happens, a line at a time. `isAlone`: this process does nothing else,
    /// so that it may give way to all others, and end in order on SIGTERM and its like.
    package init(
        root: String, environment: [String: String], isAlone: Bool,
        tell: @escaping (String) -> Void
    ) throws(ReleaseError) {
        shelf = ReleaseShelf(root: root)
        self.environment = environment
        self.tell = tell
        if isAlone {
            lowerPriority()
            // What git and tar write is for the services' users too.
            umask(0o022)
        }
        do { tools = try Tools(takesSignals: isAlone) } catch { throw ReleaseError(error) }
    }

    /// The release and its stack. When it throws, nothing of it is kept.
    package func make(_ order: Order, resolve: Resolve) throws -> PreparedRelease {
        let origin = try Origin(
            source: order.source, revision: order.revision, repository: order.repository)
        let workplace = try Workplace(on: shelf, tools.pause)
        defer { workplace.leave() }
        let room = RoomCheck(root: shelf.root, spaceMin: order.spaceMin)
        let fetched = try fetch(origin, room, workplace)
        let digest = try TreeDigest(of: workplace.tree, checkpoint: tools.pause)
        var draft = Draft(
            origin: origin, fetched: fetched, digest: digest,
            version: Self.version(of: workplace.tree) ?? fetched.tag)
        draft.stackName = exists("\(workplace.tree)/\(order.stackName)") ? order.stackName : nil
        let stack = try resolve(workplace.tree, draft.stackFile(in: workplace.tree))
        if let known = known(draft, stack) { return try reopen(known, resolve, draft) }
        let release = newRelease(draft, stack)
        if order.isPlan { return PreparedRelease(release, stack: stack) }
        try RoomCheck(root: shelf.root, spaceMin: stack.releases.spaceMin)
            .require(0, files: 0, for: "the build")
        return try keep(release, draft, workplace, resolve)
    }

    // What a release is found by and told with, before it has a directory.
    private struct Draft {
        var origin: Origin
        var fetched: Fetched
        var digest: TreeDigest
        var version: String?
        var stackName: String?

        func stackFile(in directory: String) -> String? {
            stackName.map { "\(directory)/\($0)" }
        }
    }

    private struct Fetched {
        var commit: String?
        var tag: String?
    }

    private func fetch(
        _ origin: Origin, _ room: RoomCheck, _ workplace: Workplace
    ) throws(ReleaseError) -> Fetched {
        tell("fetching \(origin.words)")
        try room.require(0, files: 0, for: "a release")
        switch origin {
        case .directory(let path):
            try copy(path, room, workplace)
            return Fetched()
        case .tarball(let path):
            let tarball = Tarball(path: path, tools: tools, environment: environment)
            try tarball.check(room)
            try tarball.extract(into: workplace.tree, aside: workplace.aside)
            return Fetched()
        case .local(let path, let revision):
            let git = try Git(tools, aside: workplace.aside, environment: environment)
            return try checkOut(GitFetch(git, path: path, revision: revision), room, workplace)
        case .remote(let text, let revision):
            let url = GitURL(text)
            let git = try Git(tools, aside: workplace.aside, environment: environment, url: url)
            let fetch = try GitFetch(
                git, url: url, revision: revision, cache: shelf.root + "/repository.git")
            return try checkOut(fetch, room, workplace)
        }
    }

    private func checkOut(
        _ fetch: GitFetch, _ room: RoomCheck, _ workplace: Workplace
    ) throws(ReleaseError) -> Fetched {
        try fetch.requireRoom(room)
        try fetch.checkOut(into: workplace.tree)
        return Fetched(commit: fetch.commit, tag: fetch.tag)
    }

    /// Without `.git`, and without releases where these are below it.
    private func copy(
        _ path: String, _ room: RoomCheck, _ workplace: Workplace
    ) throws(ReleaseError) {
        let own = realPath(shelf.root)
        let source = realPath(path)
        guard source != own else {
            throw ReleaseError(
                "'\(path)' is where releases are kept, it cannot be one: name another directory")
        }
        let tree = try FileTree(
            of: source, leaveOut: { path, whole in path == ".git" || whole == own },
            checkpoint: tools.pause)
        try room.require(tree.bytes, files: Int64(tree.entries.count), for: "the directory's files")
        try tree.copy(to: workplace.tree, checkpoint: tools.pause)
    }

    /// The newest release, where it is made of the same in the same way.
    private func known(_ draft: Draft, _ stack: StackSpec) -> ReleaseRecord? {
        guard let newest = shelf.records().first, newest.tree == draft.digest.whole,
            newest.build == stack.releases.build, newest.release.revision == draft.fetched.commit,
            newest.release.version == draft.version ?? newest.release.id
        else { return nil }
        return newest
    }

    private func reopen(
        _ known: ReleaseRecord, _ resolve: Resolve, _ draft: Draft
    ) throws -> PreparedRelease {
        var record = known
        let directory = shelf.path(of: record.release.id)
        let stack = try resolve(directory, draft.stackFile(in: directory))
        // Which paths count may have changed in the machine's file since.
        record.release.digests = digests(draft.digest, stack)
        record.release.hasStack = draft.stackName != nil
        if record != known { try record.write(to: shelf.recordPath(of: record.release.id)) }
        tell("\(record.release.id) is made of the same already")
        return PreparedRelease(record.release, stack: stack)
    }

    private func newRelease(_ draft: Draft, _ stack: StackSpec) -> Release {
        let id = ReleaseID.next(
            at: Clock.wallTime(), digits: draft.fetched.commit ?? draft.digest.whole,
            after: shelf.list().first?.id, isTaken: { exists(shelf.path(of: $0)) })
        var release = Release(
            id: id, version: draft.version ?? id, source: draft.origin.words,
            madeAt: Clock.wallTime())
        release.revision = draft.fetched.commit
        release.digests = digests(draft.digest, stack)
        release.hasStack = draft.stackName != nil
        return release
    }

    private func digests(_ digest: TreeDigest, _ stack: StackSpec) -> [ServiceName: String] {
        let services = stack.services.map { service in
            (
                service.name,
                service.source.isEmpty ? digest.whole : digest.digest(of: service.source)
            )
        }
        return Dictionary(services, uniquingKeysWith: { $1 })
    }

    /// Built at its final place, since what is built may hold its path; and a release only when that is done.
    private func keep(
        _ release: Release, _ draft: Draft, _ workplace: Workplace, _ resolve: Resolve
    ) throws -> PreparedRelease {
        let place = shelf.path(of: release.id)
        do {
            try TextFile.replace(shelf.markerPath(of: release.id), with: [], mode: 0o644)
            try Storage.sync(shelf.directory)
            guard rename(workplace.tree, place) == 0 else { throw failure("make '\(place)'") }
            let stack = try resolve(place, draft.stackFile(in: place))
            if let command = stack.releases.build {
                let build = Build(
                    command: command, release: release, shelf: shelf, environment: environment)
                try build.run(tools, timeout: stack.releases.buildTimeout, tell: tell)
            }
            try seal(release, draft, stack)
            tell("release \(release.id), version \(release.version), is ready")
            return PreparedRelease(release, stack: stack)
        } catch {
            try? workplace.discard(release.id)  // The next making tries again.
            throw error
        }
    }

    private func seal(_ release: Release, _ draft: Draft, _ stack: StackSpec) throws {
        let place = shelf.path(of: release.id)
        try FileTree(of: place, checkpoint: tools.pause).seal()
        try Storage.syncAll(at: place)
        try tools.pause()
        try ReleaseRecord(release, tree: draft.digest.whole, build: stack.releases.build)
            .write(to: shelf.recordPath(of: release.id))
        unlink(shelf.markerPath(of: release.id))
        try Storage.sync(shelf.directory)
    }

    /// The first line of `VERSION`.
    private static func version(of tree: String) -> String? {
        let line = TextFile.read(tree + "/VERSION", bytesMax: 1024)?.firstLine
        let version = line?.split(separator: " ").joined(separator: " ")
        return version.flatMap { $0.isEmpty ? nil : $0 }
    }
}

private func realPath(_ path: String) -> String {
    guard let resolved = realpath(path, nil) else { return path }
    defer { free(resolved) }
    return String(cString: resolved)
}
