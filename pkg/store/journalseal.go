package store

import (
	"slices"

	"github.com/kyoli-gam/kyoli/internal/seal"
)

// place is where what an entry holds belongs.
func (n entryName) place(kind string) seal.Place {
	return seal.Place{Kind: "journal " + kind, Owner: []string{n.owner}}
}

// room is what is set aside for an entry: base64 makes a sealed answer longer by a third.
func (j journal) room() int64 {
	if j.sealing.want() == seal.None {
		return entryRoom
	}
	return entryRoom + maxAnswer/2
}

// answerRecord is an answer as it came, sealed where tokens are. One that cannot be sealed is written as it is: what a
// token was spent for must not be lost. The next write seals it.
func (j journal) answerRecord(n entryName, a *answerRecord) []byte {
	return appendRecord(nil, recordAnswer, []byte(j.sealing.SealText("", string(a.payload()), n.place(kindAnswer))))
}

// childRecord is what came of a token, its tokens sealed as an answer is.
func (j journal) childRecord(n entryName, kind recordKind, c childRecord) []byte {
	c.RefreshToken = j.sealing.SealText(c.Child, c.RefreshToken, n.place(kindRefresh))
	c.AccessToken = j.sealing.SealText(Secret(c.AccessToken).Hash(), c.AccessToken, n.place(kindAccess))
	return appendJSON(nil, kind, c)
}

// open opens what is sealed in the record that counts. Where the key does not, the content says so.
func (j journal) open(n entryName, c *entryContent) {
	child := c.settled
	if child == nil {
		child = c.child
	}
	switch {
	case child != nil:
		child.RefreshToken, _ = j.opened(c, child.RefreshToken, n.place(kindRefresh))
		child.AccessToken, _ = j.opened(c, child.AccessToken, n.place(kindAccess))
	case c.answer != nil && c.answer.sealed != "":
		if plain, ok := j.opened(c, c.answer.sealed, n.place(kindAnswer)); ok && !c.takeAnswer([]byte(plain)) {
			c.damaged = true
		}
	}
}

// opened returns a text opened, or as it is where that cannot be.
func (j journal) opened(c *entryContent, text string, at seal.Place) (string, bool) {
	plain, err := j.sealing.OpenText(text, at)
	if err != nil {
		c.locked = err
		return text, false
	}
	return plain, true
}

// misplaced says whether an entry holds tokens in another form than is wanted. It is asked of one that was opened.
func (j journal) misplaced(c *entryContent) bool {
	return c.locked == nil && slices.ContainsFunc(c.tokens, j.sealing.Misplaced)
}
