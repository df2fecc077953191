/// A redis-server of its own.
final class LocalRedis: Sendable {
    static let isInstalled = Program.exists("redis-server")

    let port = freePort()
    private let directory = makeTemporaryDirectory()
    private let program: Program?

    /// `fileBlocksMax`: no file of its may be longer; writing more fails.
    init(
        tls: Bool = false, password: String? = nil, options: [String] = [],
        fileBlocksMax: Int? = nil
    ) {
        var command = ["redis-server", "--bind", "127.0.0.1", "--save", "", "--dir", directory]
        if let password { command += ["--requirepass", password] }
        if tls {
            makeCertificate(in: directory)
            command += ["--port", "0", "--tls-port", "\(port)", "--tls-auth-clients", "no"]
            command += [
                "--tls-cert-file", directory + "/certificate", "--tls-key-file", directory + "/key",
            ]
        } else {
            command += ["--port", "\(port)"]
        }
        command += options
        if let fileBlocksMax {
            let shell = "trap '' XFSZ; ulimit -f \(fileBlocksMax); exec \"$@\""
            command = ["/bin/sh", "-c", shell, "sh"] + command
        }
        program = Program(command)
    }

    func url(_ before: String = "", after: String = "", scheme: String = "redis") -> String {
        "\(scheme)://\(before)127.0.0.1:\(port)\(after)"
    }

    func stop() {
        program?.kill()
        remove(directory)
    }
}

/// `certificate` and `key`, for localhost and by itself.
func makeCertificate(in directory: String) {
    _ = Program([
        "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
        "/O=Tests/CN=localhost", "-keyout", directory + "/key", "-out", directory + "/certificate",
    ])?.succeeds()
}
