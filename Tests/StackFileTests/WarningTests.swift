import StackModel
import Testing

@testable import StackFile

@Test func `keys for containers are warned of, once each, and do no harm`() throws {
    let outcome = try loadService(
        """
        command: x
        image: redis:7
        container_name: a
        volumes: [a:/data]
        networks: [b]
        deploy: {mode: replicated}
        """)
    #expect(outcome.stack != nil)
    #expect(
        outcome.warnings == [
            "stack.yaml:4: 'image': has no effect: services run as processes",
            "stack.yaml:5: 'container_name': has no effect: services run as processes",
            "stack.yaml:6: 'volumes': has no effect: services run as processes",
            "stack.yaml:7: 'networks': has no effect: services run as processes",
            "stack.yaml:8: 'deploy.mode': has no effect: services run as processes",
        ])
    #expect(outcome.stack?.warnings.count == outcome.warnings.count)
}

@Test func `a port that Compose opens to every network is warned of`() throws {
    let outcome = try loadService("command: x\nports: ['5000:5000', '127.0.0.1:5001:5001']")
    #expect(outcome["a"]?.ports == [Port(address: "0.0.0.0", number: 5000), Port(number: 5001)])
    #expect(outcome.warnings.count == 1)
    #expect(outcome.warnings.first?.contains("'5000:5000' is open to every network") == true)
}

@Test func `a socket that other hosts reach is warned of`() throws {
    let outcome = try loadService("command: x\nx-catalyst: {listen: '0.0.0.0:80'}")
    #expect(
        outcome.warnings == [
            "stack.yaml:4: 'x-catalyst.listen': '0.0.0.0:80' can be reached from other hosts"
        ])
}

@Test(arguments: [
    "uvicorn a:b --port 5001", "uvicorn a:b --port=5001 --host 127.0.0.1",
    "gunicorn -b 127.0.0.1:5001 a:b", "hypercorn --bind=127.0.0.1:5001 a:b",
])
func `a command that takes the agent's port itself is warned of`(command: String) throws {
    let outcome = try loadService(
        "command: \(command)\nx-catalyst: {listen: 127.0.0.1:5001}")
    #expect(outcome.errors == [])
    #expect(
        outcome.warnings == [
            "stack.yaml:4: 'x-catalyst.listen': the agent owns '127.0.0.1:5001' and hands it over as"
                + " descriptor 3, but the command listens there itself: start it with '--fd 3'"
        ])
}

@Test(arguments: [
    "uvicorn a:b --fd 3", "gunicorn -b fd://3 a:b", "uvicorn a:b --port 5002",
    "x --port 5001 --fd 3", "sh -c 'x --port 5001'", "psql -p 5001",
])
func `a command is not warned of on suspicion`(command: String) throws {
    let outcome = try loadService(
        "command: \(command)\nx-catalyst: {listen: 127.0.0.1:5001}")
    #expect(outcome.errors == [] && outcome.warnings == [])
}

@Test func `a command that takes the agent's socket path itself is warned of`() throws {
    for command in ["uvicorn a:b --uds /run/a.sock", "gunicorn --bind unix:/run/a.sock a:b"] {
        let outcome = try loadService("command: \(command)\nx-catalyst: {listen: /run/a.sock}")
        #expect(outcome.warnings.count == 1)
    }
    let environment = try loadService(
        """
        command: gunicorn --bind 127.0.0.1:80 a:b
        environment: {GUNICORN_CMD_ARGS: "--bind fd://3"}
        x-catalyst: {listen: 127.0.0.1:80}
        """)
    #expect(environment.warnings == [])
}

@Test func `start-first without an owned socket is warned of`() throws {
    let outcome = try loadService(
        """
        command: x
        deploy:
          update_config: {order: start-first}
          rollback_config: {order: stop-first}
        """)
    #expect(
        outcome.warnings == [
            "stack.yaml:5: 'deploy.update_config.order': 'start-first' has no effect without"
                + " 'x-catalyst.listen': only a socket of the agent's lets two instances run at once"
        ])
}
