/// What one criterion has come to: all that was looked at for it.
struct Judgement: Equatable {
    var criterion: Criterion
    var aspects: [Aspect]

    /// As its worst aspect is. Nothing was looked at: nothing is known.
    var standing: Aspect.Standing { aspects.map(\.standing).max() ?? .unchecked }
    var remedy: String? { aspects.first { $0.standing == standing }?.remedy }
}

/// One thing that was looked at, and what it means.
struct Aspect: Equatable, Encodable {
    enum Standing: String, Encodable, Comparable {
        case met
        /// Could not be looked at: never counts as met.
        case unchecked
        case unmet

        private var rank: Int { self == .met ? 0 : self == .unchecked ? 1 : 2 }
        static func < (left: Self, right: Self) -> Bool { left.rank < right.rank }
    }

    var standing: Standing
    var words: String
    /// The next command, or what has to be set.
    var remedy: String?

    static func met(_ words: String) -> Aspect { Aspect(standing: .met, words: words) }

    static func unmet(_ words: String, _ remedy: String) -> Aspect {
        Aspect(standing: .unmet, words: words, remedy: remedy)
    }

    static func unchecked(_ words: String, _ remedy: String? = nil) -> Aspect {
        Aspect(standing: .unchecked, words: words, remedy: remedy)
    }
}

extension Judgement: Encodable {
    enum CodingKeys: CodingKey { case number, criterion, standing, aspects }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(criterion.number, forKey: .number)
        try container.encode(criterion, forKey: .criterion)
        try container.encode(standing, forKey: .standing)
        try container.encode(aspects, forKey: .aspects)
    }
}

extension [Judgement] {
    func count(_ standing: Aspect.Standing) -> Int { count { $0.standing == standing } }

    var status: ExitStatus {
        switch map(\.standing).max() {
        case .met: .success
        case .unmet: .unhealthy
        case .unchecked, nil: .unchecked
        }
    }
}

extension Failure {
    var headline: String {
        message.split(separator: "\n").first.map(String.init) ?? "it does not answer"
    }

    /// What it means for a criterion that the agent does not answer.
    var aspect: Aspect {
        status == .notAllowed
            ? .unchecked(headline, "sudo catalystctl verify")
            : .unmet(headline, "systemctl start catalystd")
    }
}
