package mirror_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
)

// What changed of an order is a line of the journal; a trailing stop's trigger, which moves
// with every trade, is none, and neither is what stays the same.
func TestWhichChangesAreJournaled(t *testing.T) {
	n := pitwall.Int
	for name, x := range map[string]struct {
		change func(*pitwall.OrderState)
		kind   pitwall.OrderType
		lines  int
	}{
		"nothing":             {func(*pitwall.OrderState) {}, pitwall.StopLimit, 0},
		"when it was updated": {func(s *pitwall.OrderState) { s.Updated = s.Updated.Add(time.Hour) }, pitwall.StopLimit, 0},
		"status":              {func(s *pitwall.OrderState) { s.Status = pitwall.PartiallyFilled }, pitwall.StopLimit, 1},
		"filled":              {func(s *pitwall.OrderState) { s.Filled = n(1) }, pitwall.StopLimit, 1},
		"average price":       {func(s *pitwall.OrderState) { s.AvgPrice = n(1) }, pitwall.StopLimit, 1},
		"qty":                 {func(s *pitwall.OrderState) { s.Qty = n(3) }, pitwall.StopLimit, 1},
		"limit":               {func(s *pitwall.OrderState) { s.Limit = n(61) }, pitwall.StopLimit, 1},
		"stop":                {func(s *pitwall.OrderState) { s.Stop = n(62) }, pitwall.StopLimit, 1},
		"trailing stop":       {func(s *pitwall.OrderState) { s.Stop = n(62) }, pitwall.TrailingStop, 0},
		"its limit":           {func(s *pitwall.OrderState) { s.Limit = n(61) }, pitwall.TrailingStop, 1},
	} {
		d := newDesk(t)
		o := limit("z", 50)
		o.Type, o.Stop, o.Reason, o.By = x.kind, n(60), "because", pitwall.Caller{Principal: "model"}
		_, err := d.j.Append(context.Background(), pitwall.Entry{Kind: pitwall.EntryOrder, ID: "z", Book: pitwall.MainBook, State: &pitwall.OrderState{Order: o, Status: pitwall.Working}})
		require.NoError(t, err)
		s := pitwall.OrderState{Order: o, Status: pitwall.Working}
		s.Reason, s.By = "", pitwall.Caller{} // which a broker does not keep
		d.b.add = &s
		x.change(&s)
		begun := len(d.j.Entries())
		require.Empty(t, d.sync(t), name)
		var lines []pitwall.Entry
		for _, e := range d.j.Entries()[begun:] {
			if e.ID == "z" {
				lines = append(lines, e)
				require.Equal(t, []any{"because", "model", s.Qty, s.Limit, s.Stop, s.Status}, []any{e.State.Reason, e.State.By.Principal, e.State.Qty, e.State.Limit, e.State.Stop, e.State.Status}, name)
			}
		}
		require.Len(t, lines, x.lines, name)
	}
}

// How often the account is read: once where nothing differs and an order has ended, three
// times where an order is lost, fifteen where one without an answer is looked for.
func TestHowOftenItIsRead(t *testing.T) {
	ctx := context.Background()
	d := newDesk(t)
	reads := func() string {
		before := d.b.reads
		list := d.sync(t)
		return fmt.Sprint(d.b.reads-before, list)
	}
	_, err := d.b.Cancel(ctx, "b")
	require.NoError(t, err)
	require.Equal(t, "1 []", reads())
	d = newDesk(t)
	d.b.hide = "b"
	require.Equal(t, "1 [order b is working in the journal and the broker does not have it]", reads(), "said at once, and no order is looked for")
	o := limit("lost", 50)
	_, err = d.j.Append(ctx, pitwall.Entry{Kind: pitwall.EntryIntent, Verb: "submit", ID: "lost", Order: &o})
	require.NoError(t, err)
	d.b.hide = ""
	require.Equal(t, "15 []", reads())
	d.b.qty = pitwall.One
	require.Equal(t, "3 [AAPL: the journal has 10, the broker 11]", reads())
}
