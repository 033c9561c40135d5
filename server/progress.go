package server

import (
	"context"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"pitwall/tools"
)

// progressPause is the time between two notifications of one call's progress.
const progressPause = time.Second

// progress tells a client that asked for it how far its call has come, once a second:
// the steps of the call where it counts them, else the seconds that it has run. The
// returned function ends that, before the answer leaves.
func progress(ctx context.Context, req *mcp.CallToolRequest) (context.Context, func()) {
	token := req.Params.GetProgressToken()
	if token == nil {
		return ctx, func() {}
	}
	p, ended := &tools.Progress{}, make(chan struct{})
	running, end := context.WithCancel(ctx)
	go func() {
		defer close(ended)
		last := 0.0
		for seconds := 1; pause(running); seconds++ {
			n := &mcp.ProgressNotificationParams{ProgressToken: token, Progress: float64(seconds), Message: "running"}
			if done, total := p.Steps(); done > 0 {
				n.Progress, n.Total, n.Message = float64(done), float64(total), "bars passed"
			}
			if n.Progress <= last { // the protocol wants it to grow
				continue
			}
			last = n.Progress
			if req.Session.NotifyProgress(running, n) != nil {
				return // the client left, or cannot be reached beside its call
			}
		}
	}()
	return tools.WithProgress(ctx, p), func() { end(); <-ended }
}

// pause waits, and reports whether the call still runs.
func pause(running context.Context) bool {
	ctx, cancel := context.WithTimeout(running, progressPause)
	defer cancel()
	<-ctx.Done()
	return running.Err() == nil
}
