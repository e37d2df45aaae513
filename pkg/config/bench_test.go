package config

import "testing"

// Every command loads the settings, and most people have none: that has to cost
// no more than looking for the files.
func BenchmarkLoadAbsent(b *testing.B) {
	dir := b.TempDir()
	for b.Loop() {
		c, err := Load(dir)
		if err == nil {
			_, err = c.For("openai", "codex-multiauth.json")
		}
		if err != nil {
			b.Fatal(err)
		}
	}
}
