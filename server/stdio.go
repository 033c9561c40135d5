package server

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"sync"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// maxFrame bounds one line of the protocol.
const maxFrame = 16 << 20

// wire is the stdio transport: lines that are not JSON, or not JSON-RPC, are
// answered with JSON-RPC's own error and dropped, where the SDK alone would end the server
// and the world with it.
func wire(in io.ReadCloser, out io.WriteCloser) mcp.Transport {
	w := &locked{WriteCloser: out}
	r, feed := io.Pipe()
	go func() {
		lines := bufio.NewScanner(in)
		lines.Buffer(nil, maxFrame)
		var err error
		for err == nil && lines.Scan() {
			line := lines.Bytes()
			switch {
			case len(line) == 0:
			case !json.Valid(line):
				_, err = w.Write([]byte(`{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"Parse error: a line of input is not JSON"}}` + "\n"))
			case !message(line):
				_, err = w.Write([]byte(`{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"Invalid Request: a line of input is not a JSON-RPC 2.0 message"}}` + "\n"))
			default:
				_, err = feed.Write(append(line, '\n'))
			}
		}
		feed.CloseWithError(errors.Join(err, lines.Err())) // nil is io.EOF
	}()
	return &mcp.IOTransport{Reader: r, Writer: w}
}

// message reports whether a line is a JSON-RPC message, or a list of them.
func message(line []byte) bool {
	var batch []json.RawMessage
	if json.Unmarshal(line, &batch) != nil {
		batch = []json.RawMessage{line}
	}
	for _, m := range batch {
		if _, err := jsonrpc.DecodeMessage(m); err != nil {
			return false
		}
	}
	return len(batch) > 0
}

// locked lets two writers share the protocol's descriptor, a whole line at a time.
type locked struct {
	io.WriteCloser
	mu sync.Mutex
}

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.WriteCloser.Write(p)
}
