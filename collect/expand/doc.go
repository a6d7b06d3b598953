// Package expand turns artifact definitions and paths named by hand into
// items of a source: it expands variables and globs against the source's own
// tree, resolves links on the way, takes each path once and says in the
// ledger what every pattern came to.
//
// # Links
//
// A source never follows links, so this package does, in the open. A link in
// the middle of a pattern's path is an item of its own (the link, with its
// target), and the walk goes on at the target, inside the source's root; items
// carry the true path. A link that a pattern ends at is an item, and the file
// behind it is another. Links met by ** or in a tree named by hand are items
// and are not followed.
//
// # Mounts
//
// What a source's Crossing speaks of is not entered by ** and in trees named by
// hand. A bind mount is entered where one component with a wildcard matches it,
// and any mount but a direct automount point where a component names it.
//
// # What is missing
//
// A literal path that isn't there is an item with outcome missing. A pattern
// with wildcards, or one that speaks of users, that matches nothing is one
// line of the ledger and no item: nobody can say which name is absent.
package expand
