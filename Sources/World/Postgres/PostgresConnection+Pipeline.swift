internal import CPostgres

/// One statement among many that are sent without waiting for their answers.
enum Step {
    case run(String)
    case prepare(String, String)
    case execute(String, [String?])
}

/// Which step of a pipeline failed, and why. The steps after it were not done.
struct PipelineError: Error {
    /// Nil: all of it, or nobody knows.
    var step: Int?
    var cause: PostgresError
}

extension PostgresConnection {
    /// Sends all steps at once. When it returns, all were done.
    func perform(
        _ steps: [Step], by deadline: ContinuousClock.Instant
    ) throws(PipelineError) {
        guard library.PQenterPipelineMode(connection) == 1 else {
            throw PipelineError(cause: lastError)
        }
        for step in steps where !isSent(step) { throw PipelineError(cause: lastError) }
        guard library.PQpipelineSync(connection) == 1 else { throw PipelineError(cause: lastError) }
        var failure: PipelineError?
        do throws(PostgresError) {
            try flush(by: deadline)
            failure = try firstFailure(by: deadline)
        } catch {
            throw PipelineError(cause: error)
        }
        _ = library.PQexitPipelineMode(connection)
        if let failure { throw failure }
    }

    private func isSent(_ step: Step) -> Bool {
        switch step {
        case .run(let statement):
            library.PQsendQueryParams(connection, statement, 0, nil, nil, nil, nil, 0) == 1
        case .prepare(let name, let statement):
            library.PQsendPrepare(connection, name, statement, 0, nil) == 1
        case .execute(let name, let parameters):
            Parameters(parameters).withPointers { values in
                library.PQsendQueryPrepared(
                    connection, name, CInt(parameters.count), values, nil, nil, 0)
            } == 1
        }
    }

    /// Reads all answers, up to that to the synchronisation at the end.
    private func firstFailure(
        by deadline: ContinuousClock.Instant
    ) throws(PostgresError) -> PipelineError? {
        var failure: PipelineError?
        var step = 0
        var isBetween = false
        while true {
            guard let result = try nextResult(by: deadline) else {
                // Two ends without an answer between them: nothing will come any more.
                guard !isBetween, library.PQstatus(connection) == CONNECTION_OK else {
                    throw failure?.cause ?? lastError
                }
                isBetween = true
                step += 1
                continue
            }
            defer { library.PQclear(result) }
            isBetween = false
            switch library.PQresultStatus(result) {
            case PGRES_PIPELINE_SYNC: return failure
            case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_PIPELINE_ABORTED: break
            default:
                if failure == nil { failure = PipelineError(step: step, cause: error(of: result)) }
            }
        }
    }
}
