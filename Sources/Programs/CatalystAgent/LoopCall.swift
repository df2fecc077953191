/// A call that is made on the loop only, and is carried there by another thread.
struct LoopCall<Value>: @unchecked Sendable {
    let body: (Value) -> Void
    init(_ body: @escaping (Value) -> Void) { self.body = body }
}
