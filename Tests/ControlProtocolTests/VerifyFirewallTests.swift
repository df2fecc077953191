import StackModel
import Testing

@testable import catalystctl

struct VerifyFirewallTests {
    /// As ufw 0.36 writes it.
    private static let documented = """
        Status: active
        Logging: on (low)
        Default: deny (incoming), allow (outgoing), disabled (routed)
        New profiles: skip

        To                         Action      From
        --                         ------      ----
        443/tcp                    ALLOW IN    Anywhere
        22/tcp                     ALLOW IN    203.0.113.7                # the operator's
        443/tcp (v6)               ALLOW IN    Anywhere (v6)
        53                         ALLOW OUT   Anywhere

        """

    @Test func `the documented rules are met`() {
        #expect(standings(Self.documented) == [.met, .met])
        let aspect = facts(Self.documented).aspects.first
        #expect(
            aspect?.words == "ufw is active: incoming denied, 443 open, 22 from 203.0.113.7 only")
    }

    @Test(arguments: [
        ("deny (incoming)", "allow (incoming)", "incoming is not denied by default"),
        ("443/tcp ", "444/tcp ", "443 is not open"),
        ("203.0.113.7", "Anywhere", "22 is open to everyone"),
        ("203.0.113.7", "203.0.113.0/24", "22 is open to more than one address: 203.0.113.0/24"),
        ("443/tcp (v6)  ", "6379          ", "also open: 6379"),
        ("443/tcp (v6)  ", "22,8080/tcp   ", "22 is open to everyone"),
        ("443/tcp (v6)  ", "8000:8010/tcp ", "also open: 8000:8010/tcp"),
        ("443/tcp (v6)  ", "443/udp       ", "also open: 443/udp"),
        ("443/tcp (v6)  ", "Nginx Full    ", "also open: Nginx Full"),
        (
            "443/tcp (v6)               ALLOW IN    Anywhere (v6)",
            "Anywhere                   ALLOW IN    10.0.0.9", "also open: Anywhere from 10.0.0.9"
        ),
    ])
    func `what is open beyond them is named`(_ old: String, _ new: String, _ words: String) {
        let text = Self.documented.replacing(old, with: new)
        #expect(text != Self.documented)
        #expect(facts(text).aspects.contains { $0.standing == .unmet && $0.words == words })
    }

    @Test func `what loopback may, and what is refused, opens nothing`() {
        let lines = """
            Anywhere on lo             ALLOW IN    Anywhere
            25/tcp                     DENY IN     Anywhere
            22/tcp                     LIMIT IN    203.0.113.7

            """
        #expect(standings(Self.documented + lines) == [.met, .met])
    }

    @Test func `no firewall is not met, and what only root sees is not known`() {
        func first(_ rules: FirewallFacts.Rules?) -> Aspect.Standing? {
            FirewallFacts(rules: rules, listening: []).aspects.first?.standing
        }
        #expect(first(.inactive) == .unmet)
        #expect(first(.missing) == .unmet)
        #expect(first(.unreadable("?")) == .unchecked)
        #expect(first(nil) == .unchecked)
        #expect(Firewall(status: "Status: inactive\n") == nil)
        #expect(Firewall(status: "") == nil)
    }

    @Test func `who listens beyond loopback is read from the kernel`() {
        let head = "  sl  local_address rem_address   st\n"
        let four = """
             0: 0100007F:18EB 00000000:0000 0A
             1: 00000000:01BB 00000000:0000 0A
             2: 0A000005:1F90 00000000:0000 0A
             3: 0A000005:0016 0A000006:8000 01
             4: 00000000:FFFF 00000000:0000 0A
            """
        let six = """
             0: 00000000000000000000000001000000:1389 00000000000000000000000000000000:0000 0A
             1: 0000000000000000FFFF00000100007F:138A 00000000000000000000000000000000:0000 0A
             2: 00000000000000000000000000000000:0050 00000000000000000000000000000000:0000 0A
            """
        let ports = openPorts(in: [head + four, head + six])
        #expect(ports == [443, 8080, 80])
        let facts = FirewallFacts(rules: nil, listening: ports)
        #expect(facts.aspects.last?.words == "beyond loopback listen: 8080")
        #expect(FirewallFacts(rules: nil, listening: [22, 443]).aspects.last?.standing == .met)
    }

    private func facts(_ text: String) -> FirewallFacts {
        FirewallFacts(
            rules: Firewall(status: text).map { .active($0) } ?? .inactive, listening: [443])
    }

    private func standings(_ text: String) -> [Aspect.Standing] {
        facts(text).aspects.map(\.standing)
    }
}
