/// What a stack file may cost before it is refused.
enum Limits {
    /// The nine take 8 KB; a file of this size is a mistake, and is refused unread.
    static let fileBytesMax = 1 << 20
    /// Deeper than any key of ours; keeps recursion from the end of the stack.
    static let depthMax = 64
    /// Nodes after aliases are followed, a long text counting once per 64 bytes: "billion laughs".
    static let weightMax = 100_000
    /// Linux takes no longer argument or variable (`MAX_ARG_STRLEN`).
    static let valueBytesMax = 131_071
    /// `${A:-${B:-…}}`.
    static let variableDepthMax = 16
    /// Four times what the agent is measured with.
    static let servicesMax = 4096
    /// Of any list, and of the dependencies of one service: as many as there can be services.
    static let itemsMax = 4096
    /// Of each list of an isolation.
    static let placesMax = 100
    /// Ports of one service: a published range is written out.
    static let portsMax = 256
    /// Kept of each kind: a file can hold a mistake in every line.
    static let findingsMax = 1000
    /// What fits on a screen.
    static let errorsShown = 50
}
