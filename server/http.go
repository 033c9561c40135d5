package server

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/modelcontextprotocol/go-sdk/auth"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"pitwall"
)

// modernEra is the first protocol version without sessions.
const modernEra = "2026-07-28"

const (
	maxBody        = 1 << 20
	sessionTimeout = 20 * time.Minute
)

// HTTPOptions say how to serve over HTTP.
type HTTPOptions struct {
	// Tokens maps bearer tokens to principals. Without tokens only loopback
	// callers are served, as principal "local".
	Tokens map[string]string
	// Hosts are further values of the Host header to accept, such as a public
	// name behind a proxy. Loopback names and the bound address always are.
	Hosts []string
}

// Handler serves /mcp and /mcp/{name} for both protocol eras.
func (s *Server) Handler(bound string, o HTTPOptions) http.Handler {
	server := func(*http.Request) *mcp.Server { return s.MCP }
	// checkHost below is stricter than the SDK's own check, which knows no proxy.
	legacy := mcp.NewStreamableHTTPHandler(server, &mcp.StreamableHTTPOptions{SessionTimeout: sessionTimeout, MaxRequestBodyBytes: maxBody, DisableLocalhostProtection: true, Logger: s.log})
	modern := mcp.NewStreamableHTTPHandler(server, &mcp.StreamableHTTPOptions{Stateless: true, MaxRequestBodyBytes: maxBody, DisableLocalhostProtection: true, Logger: s.log})
	var h http.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Mcp-Session-Id") == "" && r.Header.Get("Mcp-Protocol-Version") >= modernEra {
			modern.ServeHTTP(w, r)
			return
		}
		legacy.ServeHTTP(w, r)
	})
	h = s.named(returnable(h))
	if len(o.Tokens) > 0 {
		h = auth.RequireBearerToken(verifier(o.Tokens), &auth.RequireBearerTokenOptions{AllowMissingExpiration: true})(h)
	}
	h = checkOrigin(http.NewCrossOriginProtection().Handler(h))
	return checkHost(h, bound, o.Hosts)
}

// named puts the world's name from the URL, and the request, where the tool handler
// finds them.
func (s *Server) named(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, ok := Main, r.URL.Path == "/mcp" || r.URL.Path == "/mcp/"
		if rest, found := strings.CutPrefix(r.URL.Path, "/mcp/"); !ok && found {
			name, ok = rest, worldName.MatchString(rest)
		}
		if !ok {
			http.Error(w, "not found: the endpoint is /mcp or /mcp/{world}", http.StatusNotFound)
			return
		}
		r.Header.Set(worldHeader, name)
		id := strconv.FormatUint(s.count.Add(1), 10)
		r.Header.Set(requestHeader, id)
		s.requests.Store(id, r.Context())
		defer s.requests.Delete(id)
		next.ServeHTTP(w, r)
	})
}

// returnable refuses requests whose id an answer could not carry.
func returnable(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
		if err == nil {
			messages, _ := split(body)
			for _, m := range messages {
				if _, refused := checkID(m); refused != nil {
					w.Header().Set("Content-Type", "application/json")
					w.WriteHeader(http.StatusBadRequest)
					_, _ = w.Write(refused.bytes()) // the caller has left
					return
				}
			}
		}
		r.Body = struct {
			io.Reader
			io.Closer
		}{io.MultiReader(bytes.NewReader(body), r.Body), r.Body} // what is too long, the SDK refuses
		next.ServeHTTP(w, r)
	})
}

// verifier compares tokens in constant time, by digest, so that neither length
// nor prefix shows.
func verifier(tokens map[string]string) auth.TokenVerifier {
	type entry struct {
		sum       [sha256.Size]byte
		principal string
	}
	var known []entry
	for t, p := range tokens {
		known = append(known, entry{sha256.Sum256([]byte(t)), p})
	}
	return func(_ context.Context, token string, _ *http.Request) (*auth.TokenInfo, error) {
		sum := sha256.Sum256([]byte(token))
		principal := ""
		for _, k := range known {
			if subtle.ConstantTimeCompare(sum[:], k.sum[:]) == 1 {
				principal = k.principal
			}
		}
		if principal == "" {
			return nil, fmt.Errorf("this token is not known: %w", auth.ErrInvalidToken)
		}
		return &auth.TokenInfo{UserID: principal}, nil
	}
}

// checkOrigin refuses every request, GET included, that a page of another origin
// makes; the standard library's protection covers what has no Origin.
func checkOrigin(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if origin := r.Header.Get("Origin"); origin != "" {
			if u, err := url.Parse(origin); err != nil || u.Host == "" || !strings.EqualFold(u.Host, r.Host) {
				http.Error(w, "forbidden: requests from another origin are not served", http.StatusForbidden)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

// checkHost refuses requests under a name that is not ours: DNS rebinding.
func checkHost(next http.Handler, bound string, more []string) http.Handler {
	allowed := map[string]bool{"localhost": true}
	if host, _, err := net.SplitHostPort(bound); err == nil && host != "" {
		allowed[host] = true
	}
	for _, h := range more {
		allowed[strings.ToLower(h)] = true
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := r.Host
		if h, _, err := net.SplitHostPort(host); err == nil {
			host = h
		}
		host = strings.ToLower(strings.Trim(host, "[]"))
		ip, err := netip.ParseAddr(host)
		if !allowed[host] && (err != nil || !ip.IsLoopback()) {
			http.Error(w, "forbidden: this Host is not served here; set PITWALL_HOSTS to add one", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// Loopback reports whether an address can only be reached from this machine.
func Loopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

// Listen binds an address. Without tokens only loopback may be bound.
func Listen(addr string, o HTTPOptions) (net.Listener, error) {
	if _, _, err := net.SplitHostPort(addr); err != nil {
		return nil, pitwall.Errorf(pitwall.InvalidInput, "%q is not an address", addr).Hintf("write 127.0.0.1:8080")
	}
	if len(o.Tokens) == 0 && !Loopback(addr) {
		return nil, pitwall.Errorf(pitwall.NotAllowed, "%s can be reached from other machines and PITWALL_TOKEN is not set", addr).
			Hintf("set PITWALL_TOKEN, or bind 127.0.0.1")
	}
	return net.Listen("tcp", addr)
}

// Serve serves HTTP until ctx ends, then waits for calls that are running.
func (s *Server) Serve(ctx context.Context, l net.Listener, o HTTPOptions) error {
	srv := &http.Server{
		Handler:           s.Handler(l.Addr().String(), o),
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
	}
	// A client may hold a connection on which it never asked: Shutdown waits five
	// seconds for such a one.
	var unasked sync.Map
	srv.ConnState = func(c net.Conn, s http.ConnState) {
		if s == http.StateNew {
			unasked.Store(c, nil)
		} else {
			unasked.Delete(c)
		}
	}
	stopped := make(chan error, 1)
	go func() { stopped <- srv.Serve(l) }()
	select {
	case err := <-stopped:
		return err
	case <-ctx.Done():
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		for ss := range s.MCP.Sessions() {
			ss.Close()
		}
		l.Close()
		<-stopped // no connection comes any more
		unasked.Range(func(c, _ any) bool {
			c.(net.Conn).Close()
			return true
		})
		return srv.Shutdown(grace)
	}
}
