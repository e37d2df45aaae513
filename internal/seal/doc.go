// Package seal keeps tokens in files as text that only who has the key can read.
//
// The key is an age identity (age-encryption.org/v1), which lies in a file or in
// the system's keyring. It opens a data key that travels with each sealed text,
// and the data key opens the text (XChaCha20-Poly1305): so each text can be opened
// with nothing but the identity, and ten thousand of them cost one age operation.
//
// Promises: a sealed text names what it is and how it was sealed; one that was
// changed, or put into another place than it was sealed for, does not open; no
// error holds a key or a plain text.
package seal
