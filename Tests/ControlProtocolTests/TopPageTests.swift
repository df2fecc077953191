import ControlProtocol
import StackModel
import Testing

@testable import catalystctl

struct TopPageTests {
    @Test func `the screen has host, services with their last minutes, and keys`() {
        #expect(
            text(page().lines(on: screen)) == """
                catalyst: 7 of 9 healthy, 1 unhealthy, 1 held                           \(clock(0))
                host: cpu 12%, memory 41%, disk 93%, load 0.42, pressure cpu 3.0% io 1.2%
                2 alerts, 1 critical: #12 critical redis: killed by SIGKILL; #13 warning the di…

                   service        state       cpu      memory  proc  restarts  probe  cpu, 5m
                   news           healthy    0.3%  38.0M/1.0G     –         0   12ms           ▁
                   orchestration  healthy    0.3%  38.0M/1.0G     –         0   12ms           ▁
                   pattern        healthy    0.3%  38.0M/1.0G     –         0   12ms           ▁
                   redis          healthy    0.3%  38.0M/1.0G     –         0   12ms    ▃▃▅▅██▆▆
                   reporting      healthy    0.3%  38.0M/1.0G     –         0   12ms           ▁
                   risk-manager   healthy    0.3%  38.0M/1.0G     –         0   12ms           ▁
                   scanner        unhealthy  0.3%  38.0M/1.0G     –         2   12ms           ▁
                   technical      healthy    0.3%  38.0M/1.0G     –         0   12ms           ▁
                   trading        held          –           –     –         0   12ms            









                q quit  s sort (name)  ↑↓ select  w why  l lines  ? help
                """)
    }

    @Test func `without a terminal it is the table alone, all services in it`() {
        let lines = page().lines(on: Terminal(height: 5))
        #expect(lines.count == 3 + 1 + 1 + 9)
        #expect(lines.last?.contains("trading") == true)
    }

    @Test(arguments: [(80, 24), (200, 60), (80, 8), (40, 12), (25, 24), (10, 3)])
    func `it never leaves its screen`(width: Int, height: Int) {
        var terminal = screen
        terminal.width = width
        terminal.height = height
        for pane in [TopView.Pane.table, .help, .why("news")] {
            var page = page()
            page.view.pane = pane
            page.view.selected = "trading"
            page.text = ["one", "two"]
            let lines = page.lines(on: terminal)
            #expect(lines.count <= height)
            #expect(lines.allSatisfy { $0.cellCount <= max(width, 20) })
        }
    }

    @Test func `the selected service stays in sight among a thousand`() {
        var page = TopPage(program: "catalystctl", past: .seconds(300))
        page.show(Sample.status((100..<1100).map { Sample.service(ServiceName("service-\($0)")) }))
        page.view.selected = "service-700"
        let lines = page.lines(on: screen)
        #expect(lines.contains { $0.hasPrefix("›  service-700") })
        #expect(lines.count == 24)
    }

    @Test func `of many lines the last ones are shown, of a why the first`() {
        var page = page()
        page.text = (0..<100).map { "line \($0)" }
        page.view.pane = .logs("news")
        #expect(page.lines(on: screen).dropLast().last == "line 99")
        page.view.pane = .why("news")
        #expect(page.lines(on: screen)[4] == "line 0")
    }

    @Test func `keys sort, select, open and close`() {
        var view = TopView()
        let names: [ServiceName] = ["a", "b", "c"]
        func press(_ keys: Key...) { for key in keys { _ = view.receive(key, among: names) } }
        press(.down, .down)
        #expect(view.selected == "b")
        press(.down, .down, .down)
        #expect(view.selected == "c")
        press(.up, .up, .up, .up)
        #expect(view.selected == "a")
        press(.sort)
        #expect(view.order == .cpu)
        press(.sort, .sort)
        #expect(view.order == .name)
        press(.why)
        #expect(view.pane == .why("a"))
        press(.logs)
        #expect(view.pane == .logs("a"))
        press(.quit)
        #expect(view.pane == .table)
        press(.help, .other)
        #expect(view.pane == .table)
        #expect(view.receive(.quit, among: names) == .quit)
        view.pane = .table
        view.selected = nil
        _ = view.receive(.why, among: [])
        #expect(view.pane == .table)
    }

    @Test func `services are sorted by what they use, the most first`() {
        var services = ["c", "a", "b"].map { Sample.service(ServiceName($0)) }
        services[0].cpu = 0.5
        services[1].cpu = nil
        services[2].memory = .mebibytes(500)
        func names(_ order: TopView.Order) -> [ServiceName] {
            TopView(order: order).sorted(services).map(\.name)
        }
        #expect(names(.name) == ["a", "b", "c"])
        #expect(names(.cpu) == ["c", "b", "a"])
        #expect(names(.memory) == ["b", "a", "c"])
    }

    @Test func `keys are read out of what a terminal sends`() {
        let bytes = Array("qs\u{1B}[A\u{1B}OB\u{1B}[1;5Cwl?x\r".utf8)
        #expect(
            Key.keys(in: bytes) == [
                .quit, .sort, .up, .down, .other, .why, .logs, .help, .other, .why,
            ])
        #expect(Key.keys(in: [0x1B]) == [.leave])
        #expect(Key.keys(in: [0x1B, 0x5B]) == [])
        #expect(Key.keys(in: []) == [])
    }

    @Test func `a sparkline shows gaps, and idling is no mountain range`() {
        let points = [0.0, 0.05, 0.1].enumerated().map { index, value in
            TimedValue(
                time: Sample.earlier(Double(60 - index * 20)), length: .seconds(10), value: value)
        }
        func spark(floor: Double) -> String {
            Sparkline(points: points, from: Sample.earlier(60), to: Sample.time, floor: floor)
                .text(cells: 6)
        }
        #expect(spark(floor: 0) == "▁ ▅ █ ")
        #expect(spark(floor: 1) == "▁ ▁ ▂ ")
        #expect(
            Sparkline(points: [], from: Sample.time, to: Sample.time, floor: 1).text(cells: 2)
                == "  ")
    }

    @Test func `what services say cannot steer the screen`() {
        var page = page()
        page.problem = "gone\u{1B}[2J\n"
        let text = text(page.lines(on: screen))
        #expect(text.contains(#"waiting for the agent: gone\x1b[2J\n"#))
    }

    private let screen = Terminal(isTerminal: true)

    private func page() -> TopPage {
        var page = TopPage(program: "catalystctl", past: .seconds(300))
        var status = Sample.trouble
        status.host = Sample.host
        status.host.maintenance = nil
        page.show(status)
        page.remember([
            Sample.series("redis", [.cpu: [0.1, 0.2, 0.4, 0.3]]),
            Sample.series("@host", [.hostCPU: [0.1]]),
        ])
        return page
    }

    private func text(_ lines: [String]) -> String { lines.joined(separator: "\n") }
}
