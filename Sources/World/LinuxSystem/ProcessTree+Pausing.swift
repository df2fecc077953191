internal import Glibc

extension ProcessTree {
    /// Stops all its processes where they are: for a drill, or a debugger.
    package func pause() {
        // What is born between the look and the signal is found by the next look.
        for _ in 0..<3 {
            for pid in processes where Proc.entry(of: pid)?.state != "T" {
                _ = Glibc.kill(pid, SIGSTOP)
            }
        }
    }

    /// What was stopped goes on.
    package func resume() {
        for pid in processes { _ = Glibc.kill(pid, SIGCONT) }
    }
}
