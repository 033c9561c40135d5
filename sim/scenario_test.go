package sim_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/sim"
)

var update = flag.Bool("update", false, "rewrite testdata/*.txt with what the venue does")

// source is bars in memory.
type source struct{ series []*pitwall.Series }

func (s source) Series() []*pitwall.Series { return s.series }
func (s source) Actions() []pitwall.Action { return nil }

var newYork = func() *time.Location {
	z, err := time.LoadLocation("America/New_York")
	if err != nil {
		panic(err)
	}
	return z
}()

// scenario is a text file: "bars", "account" and "do" lines in, then "----" and
// what the venue did. Verbs:
//
//	bar SYMBOL DAY OPEN HIGH LOW CLOSE VOLUME
//	hour SYMBOL TIME OPEN HIGH LOW CLOSE VOLUME
//	cash N | commission BPS | per_share X | fixed X | slippage BPS | buffer SHARE | share SHARE | from DAY
//	next                         pass a bar
//	submit ID SIDE SYMBOL QTY [limit P | stop P | stoplimit STOP LIMIT | trail D] [TIF]
//	cancel ID | replace ID [qty N] [limit P]
//	account | order ID
type scenario struct {
	t       *testing.T
	cfg     sim.Config
	bySym   map[string]*pitwall.Series
	venue   *sim.Venue
	journal *pitwall.MemoryJournal
	seen    int
	out     strings.Builder
}

func TestScenarios(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			raw, err := os.ReadFile(file)
			require.NoError(t, err)
			in, want, ok := strings.Cut(string(raw), "----\n")
			require.True(t, ok || *update, "a scenario has a line ----")
			s := &scenario{t: t, bySym: map[string]*pitwall.Series{}, journal: &pitwall.MemoryJournal{}}
			s.cfg = sim.Config{Cash: pitwall.Int(10_000), Rules: pitwall.Rules{VolumeShare: pitwall.NoVolumeLimit}, Journal: s.journal, From: time.Date(2024, 1, 2, 0, 0, 0, 0, newYork)}
			for _, line := range strings.Split(in, "\n") {
				line, _, _ = strings.Cut(line, "#")
				if f := strings.Fields(line); len(f) > 0 {
					s.do(f)
				}
			}
			if *update {
				require.NoError(t, os.WriteFile(file, []byte(in+"----\n"+s.out.String()), 0o644))
				return
			}
			require.Equal(t, want, s.out.String())
		})
	}
}

func (s *scenario) dec(text string) pitwall.Dec {
	d, err := pitwall.ParseDec(text)
	require.NoError(s.t, err)
	return d
}

func (s *scenario) do(f []string) {
	ctx := context.Background()
	set := map[string]*pitwall.Dec{"cash": &s.cfg.Cash, "commission": &s.cfg.Costs.CommissionBps, "per_share": &s.cfg.Costs.PerShare, "fixed": &s.cfg.Costs.Fixed,
		"slippage": &s.cfg.Costs.SlippageBps, "buffer": &s.cfg.Costs.CashBuffer, "share": &s.cfg.Rules.VolumeShare}
	if to, ok := set[f[0]]; ok {
		*to = s.dec(f[1])
		return
	}
	switch f[0] {
	case "bar", "hour":
		s.bar(f)
		return
	case "from":
		day, err := time.ParseInLocation(time.DateOnly, f[1], newYork)
		require.NoError(s.t, err)
		s.cfg.From = day
		return
	}
	if s.venue == nil {
		s.open()
	}
	v := s.venue
	var state pitwall.OrderState
	var err error
	switch f[0] {
	case "next":
		if _, err := v.Next(ctx, v.Now()); errors.Is(err, io.EOF) {
			s.say("end")
		} else {
			require.NoError(s.t, err)
			s.events()
		}
		return
	case "account":
		a, err := v.Account(ctx, "")
		require.NoError(s.t, err)
		s.say("account cash %v reserved %v buying_power %v equity %v realized %v unrealized %v fees %v", a.Cash, a.Reserved, a.BuyingPower, a.Equity, a.Realized, a.Unrealized, a.Fees)
		for _, p := range a.Positions {
			s.say("  holds %v %s at %v worth %v", p.Qty, p.Symbol, p.AvgPrice, p.Value)
		}
		return
	case "submit":
		o := pitwall.Order{ID: f[1], Side: pitwall.Side(f[2]), Symbol: f[3], Qty: s.dec(f[4]), Type: pitwall.MarketOrder}
		for i := 5; i < len(f); i++ {
			switch f[i] {
			case "limit":
				o.Type, o.Limit = pitwall.LimitOrder, s.dec(f[i+1])
				i++
			case "stop":
				o.Type, o.Stop = pitwall.StopOrder, s.dec(f[i+1])
				i++
			case "stoplimit":
				o.Type, o.Stop, o.Limit = pitwall.StopLimit, s.dec(f[i+1]), s.dec(f[i+2])
				i += 2
			case "trail":
				o.Type, o.Trail = pitwall.TrailingStop, s.dec(f[i+1])
				i++
			default:
				o.TIF = pitwall.TIF(f[i])
			}
		}
		state, err = v.Submit(ctx, o)
	case "cancel":
		state, err = v.Cancel(ctx, f[1])
	case "replace":
		var c pitwall.Change
		for i := 2; i+1 < len(f); i += 2 {
			*map[string]*pitwall.Dec{"qty": &c.Qty, "limit": &c.Limit}[f[i]] = s.dec(f[i+1])
		}
		state, err = v.Replace(ctx, f[1], c)
	case "order":
		var list []pitwall.OrderState
		if list, err = v.Orders(ctx, pitwall.OrderQuery{ID: f[1]}); err == nil {
			state = list[0]
		}
	default:
		s.t.Fatalf("unknown verb %q", f[0])
	}
	if err != nil {
		s.say("%s: error %v", f[0], err)
		return
	}
	s.say("%s: %s", f[0], describe(state))
}

func (s *scenario) open() {
	for _, x := range s.bySym {
		s.cfg.Symbols = append(s.cfg.Symbols, x.Instrument.Symbol)
	}
	src := source{}
	for _, name := range sorted(s.cfg.Symbols) {
		src.series = append(src.series, s.bySym[name])
	}
	s.cfg.Source = src
	v, err := sim.New(s.cfg)
	require.NoError(s.t, err)
	s.venue, s.seen = v, int(s.journal.Last())
}

func sorted(list []string) []string {
	out := append([]string(nil), list...)
	for i := range out {
		for j := i; j > 0 && out[j] < out[j-1]; j-- {
			out[j], out[j-1] = out[j-1], out[j]
		}
	}
	return out
}

func (s *scenario) bar(f []string) {
	x, ok := s.bySym[f[1]]
	if !ok {
		x = &pitwall.Series{Instrument: pitwall.Instrument{Symbol: f[1], Kind: pitwall.Equity, Lot: pitwall.One, Zone: newYork}, Size: 24 * time.Hour}
		s.bySym[f[1]] = x
	}
	b := pitwall.Bar{Open: s.dec(f[3]), High: s.dec(f[4]), Low: s.dec(f[5]), Close: s.dec(f[6])}
	_, err := fmt.Sscan(f[7], &b.Volume)
	require.NoError(s.t, err)
	if f[0] == "bar" {
		day, err := time.ParseInLocation(time.DateOnly, f[2], newYork)
		require.NoError(s.t, err)
		b.Start, b.End = day.Add(9*time.Hour+30*time.Minute), day.Add(16*time.Hour)
	} else {
		x.Size = time.Hour
		b.Start, err = time.ParseInLocation("2006-01-02T15:04", f[2], newYork)
		require.NoError(s.t, err)
		b.End = b.Start.Add(time.Hour)
	}
	b.Known = b.End
	require.NoError(s.t, x.Append(b))
}

// events says what the journal gained.
func (s *scenario) events() {
	all := s.journal.Entries()
	for _, e := range all[s.seen:] {
		switch e.Kind {
		case pitwall.EntryFill:
			f := e.Fill
			s.say("%s fill %s %s %v %s at %v fee %v reference %v (%s)", e.AsOf.Format("01-02T15:04"), f.OrderID, f.Side, f.Qty, f.Symbol, f.Price, f.Fee, f.Reference, f.Rule)
		case pitwall.EntryOrder:
			s.say("%s order %s", e.AsOf.Format("01-02T15:04"), describe(*e.State))
		case pitwall.EntryMark:
			s.say("%s equity %v cash %v", e.AsOf.Format("01-02T15:04"), e.Mark.Equity, e.Mark.Cash)
		}
	}
	s.seen = len(all)
}

func describe(o pitwall.OrderState) string {
	text := fmt.Sprintf("%s %s filled %v of %v", o.ID, o.Status, o.Filled, o.Qty)
	if o.Filled > 0 {
		text += fmt.Sprintf(" at %v", o.AvgPrice)
	}
	if o.Trigger > 0 && o.Status.Open() {
		text += fmt.Sprintf(" stop %v", o.Trigger)
	}
	if o.Error != nil {
		text += ": " + o.Error.Error()
	}
	return text
}

func (s *scenario) say(format string, args ...any) { fmt.Fprintf(&s.out, format+"\n", args...) }
