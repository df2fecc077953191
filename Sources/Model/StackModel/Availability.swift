/// How much of the time in which a service was to run it was well.
package struct Availability: Codable, Equatable, Sendable {
    /// Nil: it was not watched at all in that time.
    package var day: Share?
    package var month: Share?

    package init(day: Share? = nil, month: Share? = nil) {
        self.day = day
        self.month = month
    }

    package struct Share: Codable, Equatable, Sendable {
        /// Of the time that was watched, in 0…1.
        package var share: Double
        /// How long it was wanted and watched: less than the whole where the agent was not there.
        @Seconds package var watched: Duration

        package init(share: Double, watched: Duration) {
            self.share = share
            self._watched = Seconds(wrappedValue: watched)
        }
    }
}
