/// What the roles may do in the schema `ops`.
package struct Rights: Equatable, Sendable, Encodable {
    /// Who asks.
    package var user: String
    /// Whether the agent can work as this user.
    package var mayWrite: Bool
    /// Beyond what the agent needs: it could remove what happened.
    package var mayDelete: Bool
    /// The group roles that are there, with their members.
    package var groups: [String: [String]]

    /// Nil: there is no schema, or this user may not look at it.
    package static func read(
        over connection: PostgresConnection, by deadline: ContinuousClock.Instant
    ) throws(PostgresError) -> Rights? {
        let rows: [[String?]]
        do throws(PostgresError) {
            rows = try connection.query(
                """
                SELECT current_user,
                    has_table_privilege('ops.alert_events', 'INSERT')
                        AND has_table_privilege('ops.alerts', 'UPDATE')
                        AND has_function_privilege('ops.prune(integer)', 'EXECUTE'),
                    has_table_privilege('ops.alert_events', 'DELETE')
                """, by: deadline)
        } catch  where error.isSchemaMissing || error.isPermissionDenied {
            return nil
        }
        guard let row = rows.first else { return nil }
        let members = try connection.query(
            """
            SELECT DISTINCT role.rolname, member.rolname
            FROM pg_roles AS role
            LEFT JOIN pg_auth_members AS membership ON membership.roleid = role.oid
            LEFT JOIN pg_roles AS member ON member.oid = membership.member
            WHERE role.rolname IN ('catalyst_writer', 'catalyst_reader')
            ORDER BY 1, 2
            """, by: deadline)
        let groups = Dictionary(grouping: members) { $0[0] ?? "" }
        return Rights(
            user: row[0] ?? "", mayWrite: row[1] == "t", mayDelete: row[2] == "t",
            groups: groups.mapValues { $0.compactMap { $0[1] } })
    }
}
