internal import Glibc
internal import TestSupport

/// Clients that ask until they are told to end, each from an address of its own: the limit is by address.
struct Clients {
    private let folder: String

    init(of door: FrontDoor, key: String) {
        folder = door.folder
        let loop = """
            for address in $(seq 2 9); do
                ( for i in $(seq 12); do
                    curl --silent --insecure --max-time 30 --interface 127.0.0.$address --output /dev/null \
                        --write-out '%{http_code}\\n' --header 'X-API-Key: \(key)' --data '{}' '\(door.url)/mcp'
                done >"\(folder)/codes-$address"; touch "\(folder)/done-$address" ) >/dev/null 2>&1 &
            done
            """
        _ = shell(loop)
    }

    /// What all were answered.
    func codes() -> [String] {
        for _ in 0..<6000 where shell("ls '\(folder)'/done-* 2>/dev/null | wc -l") != "8" {
            usleep(10_000)
        }
        return shell("cat '\(folder)'/codes-*").split(separator: "\n").map(String.init)
    }
}

extension FrontDoor {
    /// Workers that were replaced answer what is under way.
    func becomes(_ status: String, key: String) -> Bool {
        for _ in 0..<200 {
            if self.status("/mcp", key: key) == status { return true }
            usleep(20_000)
        }
        return false
    }
}

extension String {
    func components(of part: String) -> Int { ranges(of: part).count }
}

func shell(_ script: String) -> String {
    run(["bash", "-c", script]).output.split(separator: "\n").joined(separator: "\n")
}

func mode(of path: String) -> String { shell("stat -c %a '\(path)'") }

func makeLarge(_ path: String) -> Bool { run(["truncate", "-s", "2M", path]).status == 0 }
