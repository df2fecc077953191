/// The version of all of catalyst's programs.
package let catalystVersion = "0.1.0"
