package cli

import "regexp"

// secret is the text of a private key: an age identity's, or a signing key's.
var secret = regexp.MustCompile(`(?i)AGE-SECRET-KEY-[0-9A-Z-]+|AGE-PLUGIN-[0-9A-Z-]+|PRIVATE\+KEY\+[^\s"']+`)

// hideSecrets takes private keys out of a message. Somebody may give one where
// its file is wanted, and an error repeats what it was given, to be kept in a
// terminal's history or a log.
func hideSecrets(s string) string { return secret.ReplaceAllString(s, "(a private key)") }
