package driver

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"pitwall"
	"pitwall/brokers/approval"
	"pitwall/brokers/risk"
	"pitwall/cache/disk"
	"pitwall/cache/runs"
)

// This file is the orders of a live session that wait for a person.

// Approve says which orders wait for a person, and where the links of alerts lead.
type Approve struct {
	Orders string // [approval.Entries] or [approval.All]; empty = as the strategy says
	Listen string // address for links; empty = alerts have none
	URL    string // how that address is reached from outside; empty = as it is
	Key    string // signs links; empty = one of this process
}

// stricter returns the one of two settings that holds more orders.
func stricter(a, b string) string {
	if a == approval.All || b == "" {
		return a
	}
	return b
}

// checkApprove refuses a setting that is not understood.
func checkApprove(text string) error {
	if text != "" && text != approval.Entries && text != approval.All {
		return fmt.Errorf("approve is %q; use %s (orders that open or enlarge a position wait for a person) or %s", text, approval.Entries, approval.All)
	}
	return nil
}

// await puts what holds orders before the guard, where the run asks for it or an order of
// an earlier process waits.
func (p *LiveSession) await(guard *risk.Guard) (pitwall.Broker, error) {
	if p.Approve.Orders == "" && len(approval.Waiting(p.past)) == 0 {
		return guard, nil
	}
	p.desk = approval.New(approval.Config{Broker: guard, Journal: p.journal, Orders: p.Approve.Orders, Collar: approvalCollar(p.spec.Limits), Dir: filepath.Join(p.folder.Dir, runs.ApprovalsDir), Now: p.Live.Now, World: p.venue.Now, Market: p, Tell: p.ask}, p.past)
	guard.Hold(p.desk.Hold)
	if err := disk.MkdirAll(p.disk, filepath.Join(p.folder.Dir, runs.ApprovalsDir)); err != nil {
		return nil, fmt.Errorf("making the folder of approvals: %w", err)
	}
	if p.Approve.Listen == "" {
		return p.desk, nil
	}
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", p.Approve.Listen)
	if err != nil {
		return nil, fmt.Errorf("listening for approvals: %w", err)
	}
	base := p.Approve.URL
	if base == "" {
		base = "http://" + listener.Addr().String()
	}
	if p.links, err = approval.NewLinks(p.desk, filepath.Base(p.folder.Dir), base, p.Approve.Key, p.disk, p.Live.Now); err != nil {
		_ = listener.Close() // the error is the key's
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	p.ended.Go(func() {
		defer cancel()
		if err := p.links.Serve(ctx, listener); err != nil {
			_, _ = p.journal.Append(context.Background(), pitwall.Entry{AsOf: p.Now(), Kind: pitwall.EntryWarning, Note: err.Error() + "; pitwall approve works"})
		}
	})
	go func() { <-p.done; cancel() }()
	return p.desk, nil
}

// approvalCollar is how far the price may move while an order waits: as far as the strategy
// lets an order's own price be from the last one (price_collar_percent).
func approvalCollar(l risk.Limits) pitwall.Dec {
	if percent, ok := l.PriceCollarPercent.Get(); ok {
		return percent
	}
	return approval.DefaultCollar
}

// ask tells a person of an order that waits. The link is in no journal.
func (p *LiveSession) ask(o approval.Order) {
	text := fmt.Sprintf("order %s waits for a person until %s: %s. pitwall approve %s, or with --deny", o.ID, o.Until.Format(time.RFC3339), o, o.Hash)
	if p.links != nil {
		text += "; " + p.links.Address(o)
	}
	p.tell(text)
}

// decide sends what was approved and drops what was denied or has lapsed.
func (p *LiveSession) decide(ctx context.Context) error {
	if p.desk == nil || !p.desk.Ready(ctx) {
		return nil
	}
	return p.desk.Work(ctx)
}

// Undecided returns the orders of a run that wait for a person.
func Undecided(dir string) []approval.Order {
	return approval.Waiting(runs.Open(os.DirFS(dir)).Journal())
}

// Decide approves or denies the one order of a run that is asked for. The process that
// trades acts on it.
func Decide(dir string, order Asked, yes bool, by string, at time.Time) (o approval.Order, err error) {
	list := slices.DeleteFunc(Undecided(dir), func(o approval.Order) bool { return !order.Is(o) })
	switch len(list) {
	case 0:
		return o, pitwall.Errorf(pitwall.UnknownOrder, "no order %s waits in %s", order, dir).Hintf("pitwall approve lists what waits")
	case 1:
		o = list[0]
		return o, approval.Decide(disk.OS{}, filepath.Join(dir, runs.ApprovalsDir), approval.Decision{Hash: o.Hash, Approve: yes, By: by, At: at})
	}
	return o, pitwall.Errorf(pitwall.InvalidInput, "%d orders wait in %s with hashes that begin with %s", len(list), dir, order).Hintf("give more of the hash")
}

// Asked says which order a person decides about: one of the two. A model chooses ids, which
// can look like another order's hash.
type Asked struct {
	Hash string // how it begins, 4 characters or more
	ID   string
}

// Is reports whether it is an order that waits.
func (x Asked) Is(o approval.Order) bool {
	return x.ID != "" && o.ID == x.ID || len(x.Hash) >= 4 && strings.HasPrefix(o.Hash, x.Hash)
}

// String returns what was asked for.
func (x Asked) String() string { return x.ID + x.Hash }
