/// What a service's process tree uses.
package struct ServiceSample: Equatable, Sendable, Codable {
    /// Resident, summed over the tree; shared pages count once for each process.
    package var memory: ByteCount
    /// Used since the processes started, summed over the tree.
    @Seconds package var cpuTime: Duration
    package var processes: Int

    package init(memory: ByteCount, cpuTime: Duration, processes: Int) {
        self.memory = memory
        self._cpuTime = Seconds(wrappedValue: cpuTime)
        self.processes = processes
    }
}
