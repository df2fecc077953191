package import StackModel

extension EventRecord.Kind {
    /// journald's `MESSAGE_ID`: stable for ever, a catalogue entry each. Never reuse one.
    package var messageID: String {
        switch self {
        case .agentStarted: "ee2eac051cad40d28b679ba2a4986276"
        case .agentStopping: "2465b57001754b02bf65b367445f373e"
        case .agentStopped: "002ef7042fd84a2a94c4e7ecd46104db"
        case .agentAnomaly: "9281d166519b44858427df00ce5dcd2d"
        case .stackLoaded: "2f0a1b7abc6644378cad414ee5eb6940"
        case .stackRefused: "f541defb8106444dbdf426cc33d209f3"
        case .collectorLost: "548504290feb44acbc98ee0c36aab2d6"
        case .collectorReady: "b9e4f2573816473f97cb4af0e32b03db"
        case .asked: "5a007ad102454a119a517f939378b436"
        case .held: "95a185a5ba8d42d5bc3f0a333bbe3bbf"
        case .started: "c546ba2a2add43a787773455e96b24bb"
        case .startFailed: "fcd898ffa0144cb8967bc7fc4ddeb064"
        case .ready: "3d57d462c6b14012b22d60fc73ddb2bf"
        case .healthy: "9ba9055c4da64668b8670848982cfad1"
        case .degraded: "315874d8c8c042288ef0b51a71fb09f6"
        case .unhealthy: "9b0ee13422dc4492ac283ad25f9a60a4"
        case .blocked: "38b3f854c0634a569ed075232cb5a73f"
        case .unknown: "f51f835865f643c6aaf158b7118dae24"
        case .exited: "68382ecbe4e34e068308a3bdcbb1038a"
        case .stopping: "c71c3797acc24254a934ee42163200fa"
        case .killed: "0dd7484069124fb6a054c60b9db9bdac"
        case .down: "b3696a7010a043abbd0aab07754e8aa6"
        case .backingOff: "eaf84ebda5ef457a9e168983779826db"
        case .gaveUp: "05c6cabf7089437d9af2d768df51e053"
        case .forgiven: "6a20b0f55d034748a9dd3847c626a68f"
        case .logsDropped: "34fd4093dff841e693f159943551dd4e"
        case .notified: "8db9c16304e140d39619d76a0b3f271a"
        }
    }
}
