package store

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
)

// newUUID returns a random UUID (RFC 9562, version 4).
func newUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return formatUUID(b, 4)
}

// derivedUUID returns the UUID by which an entry without one is known until a write gives it to it (RFC 9562,
// version 8). It is the same in every process that reads the entry.
func derivedUUID(a *Account) string {
	h := sha256.New()
	for _, s := range []string{"kyoli account", string(a.RefreshToken), a.Email, a.AccountID, a.AccountUUID} {
		h.Write([]byte(s))
		h.Write([]byte{0})
	}
	return formatUUID([16]byte(h.Sum(nil)), 8)
}

func formatUUID(b [16]byte, version byte) string {
	b[6] = b[6]&0x0f | version<<4
	b[8] = b[8]&0x3f | 0x80
	s := hex.EncodeToString(b[:])
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}
