package models

import (
	"context"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/agentloop"
)

// sees keeps the requests that it refuses to send.
type sees struct{ got []*http.Request }

func (s *sees) RoundTrip(r *http.Request) (*http.Response, error) {
	s.got = append(s.got, r)
	return nil, context.Canceled
}

// A strategy file that names a server does not get the keys of providers.
func TestKeysStayWithTheirProvider(t *testing.T) {
	const own, other = "sk-own-0123456789", "sk-other-0123456789"
	for name, header := range map[string]string{"openai/x": "Authorization", "anthropic/x": "X-Api-Key", "gemini/x": "X-Goog-Api-Key"} {
		for base, want := range map[string]string{"": own, "http://127.0.0.1:9": own, "http://localhost:9": own, "https://evil.example": other, "https://127.0.0.1.evil.example": other} {
			vars := map[string]string{"OPENAI_API_KEY": own, "ANTHROPIC_API_KEY": own, "GEMINI_API_KEY": own, KeyElsewhere: other}
			seen := &sees{}
			o := Options{Name: name, BaseURL: base, Env: func(k string) string { return vars[k] }, Client: &http.Client{Transport: seen}, Attempts: 1}
			c, err := New(o)
			require.NoError(t, err)
			_, err = c.Reply(t.Context(), agentloop.Request{Messages: []agentloop.Message{{User: "hi"}}})
			require.Error(t, err)
			require.Len(t, seen.got, 1)
			require.Contains(t, seen.got[0].Header.Get(header), want, "%s at %s", name, base)
			if want == other {
				vars[KeyElsewhere] = ""
				c, err = New(o)
				if name != "openai/x" {
					require.Equal(t, pitwall.MissingKey, pitwall.CodeOf(err))
					require.ErrorContains(t, err, KeyElsewhere)
					continue
				}
				require.NoError(t, err, "a compatible server may need none")
				_, err = c.Reply(t.Context(), agentloop.Request{Messages: []agentloop.Message{{User: "hi"}}})
				require.Error(t, err)
				require.NotContains(t, seen.got[1].Header.Get(header), own)
			}
		}
	}
}
