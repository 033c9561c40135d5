package alpaca

import (
	"context"
	"slices"
	"sort"
	"strings"
	"time"

	sdk "github.com/alpacahq/alpaca-trade-api-go/v3/alpaca"

	"pitwall"
)

// overlap is how far before the newest fill activities are read again: one that Alpaca
// lists late is found there.
const overlap = time.Hour

// Fills implements pitwall.Broker. Fills are read from the account's activities, the
// record that Alpaca keeps; the stream only says that there is something to read, so what
// it loses, repeats or sends out of order changes nothing.
//
// A fill counts once: by the id of its activity, and by its order's cumulative quantity.
// Its own id is made of the latter, so it is the same after a restart; the Seq of a
// cursor is a place in this process's list, so after a restart read from a Time and
// leave out the ids that are known.
func (b *Broker) Fills(ctx context.Context, since pitwall.Cursor) ([]pitwall.Fill, pitwall.Cursor, error) {
	if err := b.readFills(ctx); err != nil {
		return nil, since, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	from := int(since.Seq)
	if from < 0 || from > len(b.fills) {
		return nil, since, pitwall.Errorf(pitwall.InvalidInput, "cursor %d is beyond %d fills", since.Seq, len(b.fills)).Hintf("after a restart begin with a Time")
	}
	list := slices.Clone(b.fills[from:])
	if from == 0 && !since.Time.IsZero() {
		list = slices.DeleteFunc(list, func(f pitwall.Fill) bool { return !f.Known.After(since.Time) })
	}
	if list == nil {
		list = []pitwall.Fill{}
	}
	return list, pitwall.Cursor{Seq: int64(len(b.fills))}, nil
}

// readFills adds the activities that are not known yet, oldest first.
func (b *Broker) readFills(ctx context.Context) error {
	b.reading.Lock()
	defer b.reading.Unlock()
	q := sdk.GetAccountActivitiesRequest{ActivityTypes: []string{"FILL"}, Direction: "asc", PageSize: 100}
	b.mu.Lock()
	if q.After = b.latest.Add(-overlap); b.latest.IsZero() || q.After.Before(b.cfg.Since) {
		q.After = b.cfg.Since
	}
	b.mu.Unlock()
	var fresh []sdk.AccountActivity
	for {
		got, err := b.client(ctx).GetAccountActivities(q)
		if err != nil {
			return readError("reading fills", err)
		}
		for _, x := range got {
			if !b.knows(x) {
				fresh = append(fresh, x)
			}
		}
		if len(got) < q.PageSize {
			break
		}
		if got[len(got)-1].ID == q.PageToken {
			return pitwall.Errorf(pitwall.Timeout, "Alpaca lists the page of fills after %s again", q.PageToken)
		}
		q.PageToken = got[len(got)-1].ID
	}
	sort.SliceStable(fresh, func(i, j int) bool { return fresh[i].TransactionTime.Before(fresh[j].TransactionTime) })
	for _, x := range fresh {
		if err := b.addFill(ctx, x); err != nil {
			return err
		}
	}
	return nil
}

// executionKey is what a fill is recognized by besides its activity's id: an order's
// cumulative quantity is another after each of its fills.
func executionKey(x sdk.AccountActivity) string { return x.OrderID + "@" + dec(x.CumQty).String() }

func (b *Broker) knows(x sdk.AccountActivity) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.seen[x.ID] || b.seen[executionKey(x)]
}

func (b *Broker) addFill(ctx context.Context, x sdk.AccountActivity) error {
	if b.knows(x) {
		return nil // twice in one answer
	}
	if x.Qty.Sign() <= 0 || x.OrderID == "" {
		return pitwall.Errorf(pitwall.Ledger, "Alpaca lists fill %s with qty %s and order %q", x.ID, x.Qty, x.OrderID)
	}
	id, err := b.idOf(ctx, x.OrderID)
	if err != nil {
		return err
	}
	side := pitwall.Buy
	if strings.HasPrefix(x.Side, "sell") { // sell_short too
		side = pitwall.Sell
	}
	symbol := b.symbol(x.Symbol, false)
	f := pitwall.Fill{ID: executionKey(x), OrderID: id, Book: pitwall.MainBook, Symbol: symbol, Side: side, Qty: dec(x.Qty), Price: dec(x.Price), Reference: dec(x.Price), Rule: "alpaca " + x.Type, Bar: x.TransactionTime, Time: x.TransactionTime, Known: x.TransactionTime}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.seen[x.ID], b.seen[executionKey(x)] = true, true
	b.fills = append(b.fills, f)
	if f.Known.After(b.latest) {
		b.latest = f.Known
	}
	return nil
}

// idOf is the id of an order of Alpaca's; one that is not known is asked for.
func (b *Broker) idOf(ctx context.Context, of string) (string, error) {
	b.mu.Lock()
	n, ok := b.names[of]
	b.mu.Unlock()
	if ok {
		return n.id, nil
	}
	a, err := b.client(ctx).GetOrder(of)
	if err != nil {
		return "", readError("reading the order of a fill", err)
	}
	if a.OrderClass != "" && a.OrderClass != sdk.Simple || a.Replaces != nil {
		if _, err := b.list(ctx, false); err != nil { // teaches the names of exits
			return "", err
		}
	}
	return b.nameOf(*a).id, nil
}
