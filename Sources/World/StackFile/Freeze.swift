internal import Glibc
internal import StackModel

/// What is wrong with a weekly window without rollouts, or nil: its form, and whether this host knows the zone.
func mistake(inFreeze text: String) -> String? {
    do throws(FreezeError) {
        let zone = try FreezeWindow(text).zone
        let folder = "/usr/share/zoneinfo/"
        // A host without zones cannot say.
        guard access(folder + "UTC", F_OK) == 0, access(folder + zone, F_OK) != 0 else {
            return nil
        }
        return "unknown time zone '\(zone)'"
    } catch {
        guard case .unknownDay(let day) = error else { return "\(error)" }
        return "\(error)" + suggestionOrChoices(for: day, among: FreezeWindow.dayNames)
    }
}
