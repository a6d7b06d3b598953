// Package extract writes the items of a bundle back to a file system: below
// one folder and never outside it, whatever the names hold.
//
// An item taken from /etc/passwd of source "live" becomes
// DIR/live/etc/passwd, with its times. Links, devices and the like are not
// made: their records say what they were. Files get mode 0600 and folders 0700,
// so that nothing hostile can be run by mistake.
package extract
