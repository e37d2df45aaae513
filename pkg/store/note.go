package store

// Note is something that the user should be told although the work went on.
type Note struct {
	Kind NoteKind
	Path string // the file that it is about
	Text string // what it is, with the path; one line, no secret
}

// NoteKind says what a Note is about.
type NoteKind string

const (
	// NotePermissions says that the file could be read by others, and was tightened.
	NotePermissions NoteKind = "permissions"
	// NoteVersion says that the file is of a later version, and will not be written.
	NoteVersion NoteKind = "version"
	// NoteDuplicate says that several entries have one uuid; the one used last counts.
	NoteDuplicate NoteKind = "duplicate"
	// NoteMerged says that another program wrote the file at the same moment, and both changes were kept.
	NoteMerged NoteKind = "merged"
	// NoteLastGood says that the copy of the last good content could not be brought up to date.
	NoteLastGood NoteKind = "last-good"
	// NoteRemoved says that the file was gone when accounts were written, and what it held is kept at Path.
	NoteRemoved NoteKind = "removed"
	// NoteJournal says that the journal of token rotations could not be worked through wholly.
	NoteJournal NoteKind = "journal"
)

// String returns the text.
func (n Note) String() string { return n.Text }
