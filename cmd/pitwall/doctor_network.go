package main

import (
	"context"
	"fmt"
	"pitwall/agentloop/models"
	"pitwall/cmd/pitwall/show"
	"pitwall/cmd/pitwall/term"
	"sync"
)

// hostToReach is who --network connects to.
type hostToReach struct {
	name, url string
	local     bool // a server on one's own machine: one may do without
}

// network connects to every host once and hangs up. No key is sent and no
// request made, so it tests the way there and nothing more.
func (x *examination) network(ctx context.Context, wanted bool) {
	if !wanted {
		return
	}
	said := make([]show.Finding, len(x.hosts))
	var wg sync.WaitGroup
	for i, h := range x.hosts {
		wg.Go(func() {
			began := x.app.now()
			how, err := models.Reach(ctx, h.url)
			f := show.Finding{Area: x.area, Name: h.name, State: show.StateOK, Detail: fmt.Sprintf("%s in %d ms", how, x.app.now().Sub(began).Milliseconds())}
			switch {
			case err != nil && h.local:
				f.State, f.Detail, f.Fix = show.StateMissing, term.OneLine(err.Error()), "start its server to use it"
			case err != nil:
				f.State, f.Detail, f.Fix = show.StateBad, term.OneLine(err.Error()), "look at the network, a firewall, HTTPS_PROXY"
			}
			said[i] = f
		})
	}
	wg.Wait()
	x.list = append(x.list, said...)
}
