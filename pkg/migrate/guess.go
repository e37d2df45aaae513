package migrate

import (
	"strings"

	"github.com/kyoli-gam/kyoli/internal/tokenanswer"
	"github.com/kyoli-gam/kyoli/pkg/store"
)

// GuessProvider tells by the form of its tokens whose login it is, where a file
// does not say: Anthropic's have a prefix, and OpenAI's access tokens are JWTs
// with a claim of its own. Empty means that they tell nothing.
func GuessProvider(refresh, access store.Secret) string {
	for _, token := range []string{refresh.Reveal(), access.Reveal()} {
		if strings.HasPrefix(token, "sk-ant-") {
			return "anthropic"
		}
	}
	payload, ok := tokenanswer.JWTPayload(access.Reveal())
	if _, own := tokenanswer.Members(payload)["https://api.openai.com/auth"]; ok && own {
		return "openai"
	}
	return ""
}
