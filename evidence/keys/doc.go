// Package keys holds what people and collectors sign and decrypt with, and the
// word of somebody who vouches for a key.
//
// A signing key is Ed25519 in the form of C2SP signed-note: its public half is
// a verifier key, "name+hash+base64". An identity is an age key that opens
// bundles, hybrid post-quantum unless a classic one was asked for; its public
// half is a recipient. `keys new` puts both into one folder:
//
//	key.json      public facts: person, role, name, ids   (format hozen-key/1)
//	sign.pub      the verifier key, one line
//	recipient.txt the age recipient, one line
//	sign.key      private: the signing key, age-encrypted with a passphrase unless asked otherwise
//	identity.age  private: the age identity, encrypted likewise (identity.txt without a passphrase)
//
// `age -d sign.key` and `age -d -i identity.age` open the private files too.
// Nothing in this package prints a secret: not String, not any fmt verb, not
// an error.
package keys
