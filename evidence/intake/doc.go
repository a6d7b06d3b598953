// Package intake moves bundles into a store and out of it again, and writes
// down in the case's custody log what was done: the way in is verified,
// countersigned and recorded under the examiner's signature; the way out is
// verified again.
package intake
