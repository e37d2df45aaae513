package provider

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSetHeaders(t *testing.T) {
	a := &Adapter{
		AccountIDHeader: "ChatGPT-Account-Id",
		Headers:         map[string]string{"X-Api-Version": "2", "Anthropic-Beta": "oauth-1"},
		ListHeaders:     []string{"anthropic-beta"},
	}
	for _, tt := range []struct {
		name      string
		accountID string
		in, want  http.Header
	}{
		{
			"bare request", "acct",
			http.Header{},
			http.Header{
				"Authorization": {"Bearer at"}, "Chatgpt-Account-Id": {"acct"},
				"X-Api-Version": {"2"}, "Anthropic-Beta": {"oauth-1"},
			},
		}, {
			"credentials that came with it go", "",
			http.Header{
				"Authorization": {"Bearer other"}, "X-Api-Key": {"k"}, "Cookie": {"c"}, "Proxy-Authorization": {"p"},
				"Chatgpt-Account-Id": {"other"}, "Accept": {"text/event-stream"}, "User-Agent": {"client/1"},
			},
			http.Header{
				"Authorization": {"Bearer at"}, "Accept": {"text/event-stream"}, "User-Agent": {"client/1"},
				"X-Api-Version": {"2"}, "Anthropic-Beta": {"oauth-1"},
			},
		}, {
			"the client's own headers stay, lists are added to", "",
			http.Header{"X-Api-Version": {"1"}, "Anthropic-Beta": {"tools-1, thinking-2", "more-3"}},
			http.Header{
				"Authorization": {"Bearer at"}, "X-Api-Version": {"1"},
				"Anthropic-Beta": {"tools-1, thinking-2,more-3,oauth-1"},
			},
		}, {
			"a list that has the item", "",
			http.Header{"Anthropic-Beta": {"a, oauth-1"}},
			http.Header{"Authorization": {"Bearer at"}, "X-Api-Version": {"2"}, "Anthropic-Beta": {"a, oauth-1"}},
		}, {
			"an account id that would break the header", "a\r\nX-Evil: 1",
			http.Header{},
			http.Header{"Authorization": {"Bearer at"}, "X-Api-Version": {"2"}, "Anthropic-Beta": {"oauth-1"}},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := tt.in.Clone()
			a.SetHeaders(got, "at", tt.accountID)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}
