package import StackModel

/// Where an asker comes from. What is a service's, or descends from one, may ask nothing, whoever its user is.
package enum Origin: Equatable, Sendable {
    case outside
    /// Nil: which one's is not known any more.
    case service(ServiceName?)
    /// It had ended before it could be looked at, so that it could have been anybody: it may change nothing.
    case gone
}
