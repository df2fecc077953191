import StackModel
import Supervision
import Testing

struct StartOrderTests {
    private func order(_ services: (ServiceName, [ServiceName])...) -> [ServiceName] {
        startOrder(
            of: services.map { name, needs in
                var spec = ServiceSpec(name: name, command: ["x"])
                spec.dependencies = needs.map { Dependency(on: $0) }
                return spec
            })
    }

    @Test func `what is needed comes first, and else the file's order counts`() {
        #expect(order(("c", ["a"]), ("a", []), ("b", [])) == ["a", "c", "b"])
        #expect(
            order(("d", ["b", "c"]), ("c", ["a"]), ("b", ["a"]), ("a", [])) == ["a", "c", "b", "d"])
    }

    @Test func `what is not there is not waited for, and a ring does not hang`() {
        #expect(order(("a", ["unheard-of"])) == ["a"])
        #expect(order(("a", ["b"]), ("b", ["a"]), ("c", [])) == ["c", "a", "b"])
    }
}
