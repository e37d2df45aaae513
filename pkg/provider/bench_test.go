package provider

import "testing"

// Every command loads the registry: it has to stay far below a millisecond.
func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		if _, err := Load(nil, ""); err != nil {
			b.Fatal(err)
		}
	}
}
