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
        case .braked: "91392b27c344467ba9fee05e32f4c425"
        case .maintenance: "bee2c69af9d9459187efb74fa77b3539"
        case .alertsFolded: "458e117169374b08950cc0e8068fed20"
        case .ledger: "0e24df0b513044e18ee8b1936af4c70c"
        case .outbox: "4d39de218c824334908fdaa69b265dcc"
        case .clockJumped: "cf066733463c42ec927448a7c1e8316a"
        case .notifierFailed: "dd7c903c28a141599112833f7730a637"
        case .inspected: "b8225bcec4a146589d2b3c4a74616955"
        case .rolloutBegan: "98ca449c4708484a91b4dbd40542824a"
        case .rolling: "858376f50e284f7caa57272c40660026"
        case .rolloutSucceeded: "79460601acfa47c7915de36804aac352"
        case .rolloutFailed: "7d8d424c4cfd4fc1b8e5743bceabce6c"
        case .adopted: "50c4800b1456481da53d858bb6a4e7b8"
        }
    }
}

extension AlertRule {
    /// journald's `MESSAGE_ID` of alerts by this rule, from the first word to the last: stable for ever,
    /// a catalogue entry each.
    package var messageID: String {
        switch self {
        case .serviceDown: "a425b967078747d3bbd696a4d38c87fb"
        case .serviceUnhealthy: "32a11780dd60498e8a352e04167abd22"
        case .serviceCrashLooping: "b859370821c843209467cf1ceb00064f"
        case .serviceOOMKilled: "065955191d0a410fa50d7408945780ee"
        case .serviceGaveUp: "5f748427f3834cf7a21388b0a0cc9824"
        case .brake: "3c26c7364084416995dcc988eac6240b"
        case .serviceMemory: "e8901044d3c94b46b491cde982a82664"
        case .logFlood: "9e98ba3256314b01866d3a70270bf669"
        case .cpuHigh: "a926abac85cb4328a37206a0e7a5f3fd"
        case .cpuSustained: "beeca7133cac40e996b551bf2bf49bc0"
        case .memoryHigh: "3c7e5003d28f4839a7a2f3fb64f0b74d"
        case .diskHigh: "49a35573cd5a44c4a239072b2449a092"
        case .inodesHigh: "5c9dff4225024e0b987ef1c868671ca0"
        case .diskFilling: "4d474d16077b41f0b2eba8d578f516b5"
        case .clockJump: "bee3e1d1e8564c3c96c00ae59ca93642"
        case .redisMemory: "e7e4f990b26143ddb708626d26b798da"
        case .redisEvictions: "dde174ce202f470189396339ea30fcb7"
        case .redisPersistence: "8fe0c3800037481683c0f6ff46388c26"
        case .databaseAway: "3484f1eb243c4384a71ee94ed4c525a5"
        case .databaseSlow: "265c7475b21849d8831836f2dfee49f6"
        case .databaseConnections: "66d179bdcf794ccfaede85ee8fcf0889"
        case .databaseSize: "1c7c260ef11f409fa2cdc9b5f089315a"
        case .databaseNotEncrypted: "32cb248a307b4b78a195c75b907dc802"
        case .certificateExpiring: "c99220dd9ac1435b9bdc9d6418719c62"
        case .frontDoor: "d6190accb43c402b9024a578395a6fb4"
        case .backupOld: "69179be432f64c6982a81c5c1a0813ad"
        case .snapshotOld: "614d2196f69f444f8a515a96a6a132dd"
        case .collectorLost: "f7e3686594c8450d82c7d12e7e4bd505"
        case .stackRefused: "5622d01a37b1452182280a2a61cdb762"
        case .ledgerFailing: "956970352a424f97bfa492c20a0612b4"
        case .outboxFilling: "97cd8a51cd1f47e8adb7fe9821ea9137"
        case .agentMemory: "9af472f84f6847c8b987510c17b43077"
        case .maintenanceOverdue: "ed591077c50d46e986aa956d99532219"
        case .notifierFailing: "c626e8ee191245c29f94f78e2f85fe01"
        case .rolloutFailed: "99cdd73f9b294585a4e9d2b4fa506968"
        case .test: "0870c407820d40909aa97b2c128fc821"
        }
    }
}
