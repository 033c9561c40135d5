package approval_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/brokers/approval"
)

// An approval lapses at its time and by its price, both sides of each; a no stands.
func TestLapses(t *testing.T) {
	collar := pitwall.Int(100) / 50
	for name, x := range map[string]struct {
		after time.Duration
		price pitwall.Dec
		no    bool
		want  pitwall.Code
	}{
		"in time":       {after: 2 * time.Minute, price: pitwall.Int(100)},
		"too late":      {after: 2*time.Minute + 1, price: pitwall.Int(100), want: approval.Lapsed},
		"at the edge":   {price: pitwall.Int(100) + collar},
		"above it":      {price: pitwall.Int(100) + collar + 1, want: approval.Lapsed},
		"below it":      {price: pitwall.Int(100) - collar - 1, want: approval.Lapsed},
		"no price":      {price: 0, want: approval.Lapsed},
		"a person's no": {price: pitwall.Int(100), no: true, want: approval.Denied},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRoom(t, approval.Entries)
			r.send(t, order("one", pitwall.Buy, 10))
			r.decide(t, r.told[0].Hash, !x.no)
			r.now, r.market.price = r.now.Add(x.after), x.price
			r.work(t)
			s := r.status(t, "one")
			if x.want == "" {
				require.Equal(t, 1, r.sent(t, "one"))
				return
			}
			require.Zero(t, r.sent(t, "one"))
			require.Equal(t, pitwall.Denied, s.Status)
			require.Equal(t, x.want, s.Error.Code)
			require.Zero(t, r.Waiting())
			closed, err := r.Orders(context.Background(), pitwall.OrderQuery{After: r.venue.Now()})
			require.NoError(t, err)
			require.Len(t, closed, 1, "the next snapshot says so")
		})
	}
}

// The collar is the configured one, on both sides of it, and is named.
func TestCollar(t *testing.T) {
	for collar, x := range map[string]struct{ pass, lapse string }{"5": {"95", "94.99999999"}, "0": {"100", "100.00000001"}, "0.5": {"100.5", "100.50000001"}} {
		for price, want := range map[string]int{x.pass: 1, x.lapse: 0} {
			r := newRoom(t, approval.Entries)
			r.collar = dec(t, collar)
			r.start(t)
			r.send(t, order("one", pitwall.Buy, 10))
			r.decide(t, r.told[0].Hash, true)
			r.market.price = dec(t, price)
			r.work(t)
			require.Equal(t, want, r.sent(t, "one"), "%s %s", collar, price)
			if want == 0 {
				require.Equal(t, "the price of A was 100 when it was held and is "+price+": more than "+collar+" % away; nothing was sent", r.status(t, "one").Error.Message)
			}
		}
	}
}

func dec(t *testing.T, text string) pitwall.Dec {
	d, err := pitwall.ParseDec(text)
	require.NoError(t, err)
	return d
}

// What lapses does so without anyone's decision, and a late one changes nothing.
func TestLapsesUnseen(t *testing.T) {
	r := newRoom(t, approval.Entries)
	r.send(t, order("one", pitwall.Buy, 10))
	r.now = r.now.Add(approval.Window + 1)
	r.work(t)
	r.decide(t, r.told[0].Hash, true)
	r.now = r.now.Add(-time.Minute)
	r.work(t)
	require.Zero(t, r.sent(t, "one"))
	r.send(t, order("one", pitwall.Buy, 10)) // the id is free; it is another approval
	require.NotEqual(t, r.told[0].Hash, r.told[1].Hash)
	r.work(t)
	require.Zero(t, r.sent(t, "one"))
}
