package store

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// entryState says how far a rotation has come. It is the ending of the file's name.
type entryState string

const (
	// stateOpen is a rotation whose answer is not in the account file as far as anybody noted.
	stateOpen entryState = "open"
	// stateSettled is one that is done with; its file has what came of the token.
	stateSettled entryState = "settled"
	// stateSpent is a settled one of whose child only the hash is kept: it was spent in its turn, or removed.
	stateSpent entryState = "spent"
	// stateDamaged is a file that could not be read, set aside. It is for people.
	stateDamaged entryState = "damaged"
)

// The lengths of the parts of a name, in hexadecimal digits and in bytes.
const (
	parentDigits = 32
	ownerDigits  = 2 * sha256.Size
	nonceBytes   = 6
)

// entryName is the name of a journal file, "<parent>-<owner>-<milliseconds>-<nonce>.<state>". It has what is needed to
// leave a file alone without opening it: which token was spent, and which lease its rotation is under.
type entryName struct {
	parent string // Secret.Hash of the token that is spent
	owner  string // ownerHash of the account's credential owner
	at     Millis // when the rotation began
	nonce  string
	state  entryState
}

func (n entryName) String() string {
	return fmt.Sprintf("%s-%s-%d-%s.%s", n.parent, n.owner, n.at, n.nonce, n.state)
}

// as returns the name that the file has in another state.
func (n entryName) as(s entryState) entryName {
	n.state = s
	return n
}

// age is how long ago the rotation began; that of a time ahead is negative.
func (n entryName) age(now time.Time) time.Duration { return now.Sub(n.at.Time()) }

// parseEntryName reads the name of an entry. Any other file is none of the journal's.
func parseEntryName(name string) (entryName, bool) {
	stem, state, _ := strings.Cut(name, ".")
	parent, rest, _ := strings.Cut(stem, "-")
	owner, rest, _ := strings.Cut(rest, "-")
	digits, nonce, _ := strings.Cut(rest, "-")
	ms, err := strconv.ParseUint(digits, 10, 53)
	n := entryName{parent: parent, owner: owner, at: Millis(ms), nonce: nonce, state: entryState(state)}
	return n, err == nil && (digits[0] != '0' || digits == "0") && (n.state.known() || n.state == stateLogin) &&
		isHex(parent, parentDigits) && isHex(owner, ownerDigits) && isHex(nonce, 2*nonceBytes)
}

// known reports the state of a rotation that kyoli goes by.
func (s entryState) known() bool { return s == stateOpen || s == stateSettled || s == stateSpent }

func isHex(s string, digits int) bool {
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return len(s) == digits
}

// ownerHash is what a refresh lease is named by, here and in the plugin.
func ownerHash(ownerID string) string {
	sum := sha256.Sum256([]byte(ownerID))
	return hex.EncodeToString(sum[:])
}
