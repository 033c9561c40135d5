package main

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Clients that people use make ten calls each, an order among them, over stdio and
// HTTP; openai-agents through strict schemas. .ci/run installs them by exact version
// and names their folder in PITWALL_CLIENTS; then each must be there.
func TestClients(t *testing.T) {
	folder := os.Getenv("PITWALL_CLIENTS")
	scripts, err := filepath.Abs("testdata/clients")
	require.NoError(t, err)
	url := serveHTTP(t, "serve")
	python := func(venv, script string) [][]string {
		program := []string{filepath.Join(folder, venv, "bin", "python"), filepath.Join(scripts, script)}
		return [][]string{append(program, "stdio", binary), append(program[:2:2], "http", url+"/"+strings.TrimSuffix(script, ".py"))}
	}
	node := func(args ...string) []string {
		return append([]string{"node", filepath.Join(scripts, "sdk.mjs")}, args...)
	}
	module := func(path string) string { return filepath.Join(folder, "node_modules", path) }
	gateway := "" // supergateway's own address, over pitwall on stdio
	if folder != "" {
		gateway = gatewayOver(t, module("supergateway/dist/index.js"))
	}
	for name, commands := range map[string][][]string{
		"mcp":           python("py", "mcp_sdk.py"),
		"fastmcp":       python("py", "fastmcp_client.py"),
		"pydantic-ai":   python("py", "pydantic_ai_client.py"),
		"openai-agents": python("py", "openai_agents_client.py"),
		"langchain":     python("langchain", "langchain_client.py"),
		"typescript":    {node("stdio", binary), node("http", url+"/typescript")},
		"mcp-remote":    {node("stdio", "node", module("mcp-remote/dist/proxy.js"), url+"/remote", "--transport", "http-only")},
		"supergateway":  {node("stdio", "node", module("supergateway/dist/index.js"), "--streamableHttp", url+"/gateway", "--logLevel", "none"), node("http", gateway)},
	} {
		t.Run(name, func(t *testing.T) {
			if folder == "" {
				t.Skip("skipped: PITWALL_CLIENTS names no folder with " + name)
			}
			for _, command := range commands {
				c := exec.Command(command[0], command[1:]...)
				c.Dir = t.TempDir()
				c.Env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1")
				out, err := c.CombinedOutput()
				require.NoError(t, err, "%s", out)
				require.Contains(t, string(out), "ok 10 calls")
				t.Logf("%s", out)
			}
		})
	}
}

// gatewayOver serves a world on stdio over HTTP with supergateway, until the test ends.
func gatewayOver(t *testing.T, script string) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	host := l.Addr().String()
	require.NoError(t, l.Close())
	c := exec.Command("node", script, "--outputTransport", "streamableHttp", "--stateful", "--port", host[strings.LastIndex(host, ":")+1:], "--logLevel", "none", "--stdio", binary+" serve")
	require.NoError(t, c.Start())
	t.Cleanup(func() { c.Process.Kill(); c.Wait() }) //nolint:errcheck // it is told to end
	require.Eventually(t, func() bool {
		c, err := net.Dial("tcp", host)
		return err == nil && c.Close() == nil
	}, 20*time.Second, 50*time.Millisecond)
	return "http://" + host + "/mcp"
}
