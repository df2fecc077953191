internal import Glibc
internal import TestSupport
internal import Testing

/// The very files of `nginx/` in front of the stand-in of orchestration: only places and ports are others.
final class FrontDoor {
    static let nginx: String? = {
        let places: [String] = ["/usr/sbin/nginx", "/usr/bin/nginx", "/usr/local/sbin/nginx"]
        return places.first { access($0, X_OK) == 0 }
    }()
    static let isPossible =
        nginx != nil
        && [["curl", "--version"], ["openssl", "version"]].allSatisfy { run($0).status == 0 }

    let folder: String
    let port = freePort()
    private let servicePort = freePort()
    private var standin: pid_t = 0

    static let firstKey = "catalyst_0123456789abcdef0123456789abcdef"
    static let wrongKey = "catalyst_ffffffffffffffffffffffffffffffff"

    var url: String { "https://127.0.0.1:\(port)" }
    var envFile: String { folder + "/.env" }
    var keyFile: String { folder + "/etc/key.conf" }
    var configuration: String { folder + "/nginx.conf" }

    /// `withService`: somebody stands behind it.
    init(withService: Bool = true) throws {
        var template = Array("/tmp/catalyst-nginx-XXXXXX".utf8CString)
        let made = mkdtemp(&template).map { String(cString: $0) }
        folder = try #require(made)
        // nginx' workers are another user where root runs the tests.
        chmod(folder, 0o755)
        let plain = freePort()
        let laidOut = run(
            ["bash", "-euc", Self.makeup, "_", repository + "/nginx", folder],
            environment: [
                "PORT": "\(port)", "PLAIN": "\(plain)", "SERVICE": "\(servicePort)",
                "KEY": Self.firstKey,
            ])
        try #require(laidOut.status == 0, "\(laidOut.output)")
        if withService { try startService() }
        let started = run([Self.nginx ?? "nginx", "-c", configuration])
        try #require(started.status == 0, "\(started.output)")
    }

    deinit {
        if let text = contents(of: folder + "/nginx.pid"),
            let pid = pid_t(text.split(separator: "\n").first ?? "")
        {
            kill(pid, SIGTERM)
            for _ in 0..<500 where kill(pid, 0) == 0 { usleep(10_000) }
        }
        if standin > 0 { kill(standin, SIGKILL) }
        _ = run(["rm", "-rf", folder])
    }

    private func startService() throws {
        let program = buildFolder + "/catalyst-standin"
        let started = run([
            "bash", "-c",
            "\(program) --name orchestration --port \(servicePort) >/dev/null 2>&1 & echo $!",
        ])
        standin = try #require(pid_t(started.output.split(separator: "\n").first ?? ""))
        let asked = run([
            "curl", "--silent", "--output", "/dev/null", "--retry", "100", "--retry-connrefused",
            "--retry-delay", "1", "--retry-max-time", "60",
            "http://127.0.0.1:\(servicePort)/health",
        ])
        try #require(asked.status == 0, "\(asked.output)")
    }

    /// What curl says. The certificate is nobody's.
    func ask(_ path: String, key: String? = nil, _ options: [String] = []) -> String {
        let header = key.map { ["--header", "X-API-Key: \($0)"] } ?? []
        return run(
            ["curl", "--silent", "--insecure", "--max-time", "30"] + header + options
                + [url + path]
        ).output
    }

    func status(_ path: String, key: String? = nil, _ options: [String] = []) -> String {
        ask(path, key: key, ["--output", "/dev/null", "--write-out", "%{http_code}"] + options)
    }

    func control(_ words: [String]) -> (status: Int32, output: String) {
        run(
            [buildFolder + "/catalystctl", "key"] + words + ["--env-file", envFile]
                + ["--nginx-directory", folder + "/etc", "--nginx-configuration", configuration],
            environment: ["HOME": folder])
    }

    private static let makeup = #"""
        from=$1 to=$2
        mkdir -p "$to"/{etc/tls,log,temporary}
        for file in "$from"/*; do
            sed -e "s|/etc/nginx/catalyst|$to/etc|g; s|/var/log/catalyst-nginx|$to/log|g" \
                -e "s|listen 443|listen 127.0.0.1:$PORT|; s|listen 80|listen 127.0.0.1:$PLAIN|" \
                -e '/listen \[::\]/d' -e "s|127.0.0.1:5000|127.0.0.1:$SERVICE|g" \
                "$file" >"$to/etc/${file##*/}"
        done
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost \
            -keyout "$to/etc/tls/privkey.pem" -out "$to/etc/tls/fullchain.pem" 2>/dev/null
        printf '# kept\nOTHER="a b"\nMCP_API_KEY=%s\nLAST=1\n' "$KEY" >"$to/.env"
        printf '"%s" 1;\n' "$KEY" >"$to/etc/key.conf"
        chmod 600 "$to/.env" "$to/etc/key.conf"
        temporary=$(for kind in client_body proxy fastcgi uwsgi scgi; do
            echo "${kind}_temp_path $to/temporary/$kind;"
        done)
        echo "worker_processes 2; pid $to/nginx.pid; error_log $to/log/start.log;
            events { worker_connections 256; } http { $temporary include $to/etc/catalyst-mcp; }" >"$to/nginx.conf"
        """#
}

func contents(of path: String) -> String? {
    let read = run(["cat", path])
    return read.status == 0 ? read.output : nil
}

private let repository: String = {
    let parts = #filePath.split(separator: "/").dropLast(3)
    return "/" + parts.joined(separator: "/")
}()

/// Where the programs are that were built with these tests.
private let buildFolder: String = {
    var path = [CChar](repeating: 0, count: 4096)
    let count = readlink("/proc/self/exe", &path, path.count - 1)
    let text = String(
        decoding: path.prefix(max(0, count)).map(UInt8.init(bitPattern:)), as: UTF8.self)
    return String(text.prefix(upTo: text.lastIndex(of: "/") ?? text.startIndex))
}()

/// Below those that the kernel gives to callers.
private func freePort() -> UInt16 {
    for _ in 0..<200 {
        let port = UInt16.random(in: 30_100...32_600)
        let descriptor = socket(
            AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let isFree = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        if isFree { return port }
    }
    return 0
}
