package import StackModel

/// What is left of something after what is planned for it.
package struct Headroom: Equatable, Sendable {
    package var planned: ByteCount
    package var available: ByteCount

    package init(planned: ByteCount, available: ByteCount) {
        self.planned = planned
        self.available = available
    }
}
