internal import CLinux
internal import Glibc
internal import SystemPackage

/// How other threads reach the loop: what they post is called there, in order, and wakes it.
///
/// At most `capacity` posted calls wait; `post` says whether there was room.
package final class Inlet: @unchecked Sendable {
    private let wakeup: FileDescriptor
    private let capacity: Int
    private var mutex = pthread_mutex_t()
    private var waiting: [@Sendable () -> Void] = []

    package init(into loop: EventLoop, capacity: Int) throws(SystemError) {
        let descriptor = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
        guard descriptor >= 0 else { throw SystemError("make an eventfd") }
        wakeup = FileDescriptor(rawValue: descriptor)
        self.capacity = capacity
        pthread_mutex_init(&mutex, nil)
        try loop.watch(wakeup, for: .readable) { [unowned self] _ in deliver() }
    }

    /// False: there was no room, and it is never called.
    @discardableResult
    package func post(_ call: @escaping @Sendable () -> Void) -> Bool {
        pthread_mutex_lock(&mutex)
        let hasRoom = waiting.count < capacity
        if hasRoom { waiting.append(call) }
        pthread_mutex_unlock(&mutex)
        eventfd_write(wakeup.rawValue, 1)
        return hasRoom
    }

    /// The same beyond `capacity`: for answers to what the loop itself asked, which wait in some bounded place until
    /// then. It would wait for ever for one that is lost.
    package func answer(_ call: @escaping @Sendable () -> Void) {
        pthread_mutex_lock(&mutex)
        waiting.append(call)
        pthread_mutex_unlock(&mutex)
        eventfd_write(wakeup.rawValue, 1)
    }

    private func deliver() {
        var count: eventfd_t = 0
        eventfd_read(wakeup.rawValue, &count)
        pthread_mutex_lock(&mutex)
        let calls = waiting
        waiting = []
        pthread_mutex_unlock(&mutex)
        for call in calls { call() }
    }
}
