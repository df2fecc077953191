import Glibc

/// A service as the trading system writes them, and a Python that can run it.
enum FastAPI {
    static let application = """
        from datetime import datetime, timezone
        from fastapi import FastAPI, HTTPException

        app = FastAPI()
        broken = False

        @app.get("/health")
        def health():
            if broken:
                raise HTTPException(500)
            return {"status": "healthy", "service": "scanner", "version": "5.3.0", "schema": "v5.0 normalized",
                    "timestamp": datetime.now(timezone.utc).isoformat(), "database": "connected", "redis": "connected"}

        @app.post("/break")
        def fail():
            global broken
            broken = True
            return {}

        """

    /// The system's Python where it has FastAPI, or one of the build folder's own, made once; nil where neither is.
    static let python: String? = {
        guard let folder = try? Folder() else { return nil }  // Then no other test works either.
        func knows(_ python: String) -> Bool {
            (try? run([python, "-c", "import fastapi, uvicorn"], in: folder).status) == 0
        }
        if knows("python3") { return "python3" }
        let environment = Program.folder + "/python"
        if knows(environment + "/bin/python") { return environment + "/bin/python" }
        guard
            (try? run(["python3", "-m", "venv", environment], in: folder, within: .seconds(60))
                .status) == 0,
            let installed = try? run(
                [environment + "/bin/pip", "install", "--quiet", "fastapi", "uvicorn"], in: folder,
                environment: proxy, within: .seconds(90)),
            installed.status == 0
        else { return nil }  // Offline, or without the venv module.
        return environment + "/bin/python"
    }()

    /// How the machine reaches the package index.
    private static let proxy: [String] = {
        var found: [String] = []
        var entry = environ
        while let text = entry.pointee.map({ String(cString: $0) }) {
            if ["PIP_", "HTTP", "SSL_", "http", "REQUESTS_"].contains(where: text.hasPrefix) {
                found.append(text)
            }
            entry += 1
        }
        return found
    }()
}
