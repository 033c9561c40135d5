package sim_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/brokers/risk"
	"pitwall/cache/calendar"
	"pitwall/sim"
	"pitwall/sim/audit"
)

// For each exchange: half-hour bars over a stretch with an early close or a late open
// (where it has one), a holiday, a weekend on which the clocks change (where they do) and breaks.
// After each session four orders: a day order that ends with the next session's
// close, one at its open, one at its close, and one good until that close. A short
// pays for the nights between session days, holidays included.
func TestOrdersFollowTheSession(t *testing.T) {
	for name, years := range map[string][2]int{"XNYS": {2016, 2018}, "XLON": {2016, 2018}, "XTKS": {2022, 2024}, "XHKG": {2016, 2018}, "XETR": {2000, 2018}, "XPAR": {2014, 2018},
		"XTSE": {2000, 2018}, "XASX": {2016, 2018}, "XSWX": {2016, 2018}, "XAMS": {2014, 2018}, "XMIL": {2016, 2018}, "XBOM": {2016, 2018}, "XSHG": {2016, 2018}, "XKRX": {2016, 2018},
		"BVMF": {2016, 2018}, "CMES": {2016, 2018}, "FX": {2016, 2018}, "US_FUTURES": {2016, 2018}} {
		c, err := calendar.Named(name)
		require.NoError(t, err)
		in := pitwall.Instrument{Symbol: "X", Kind: pitwall.Equity, Lot: pitwall.One, Tradable: true, Calendar: c.Name, Hours: c, Zone: c.Zone}
		odd := oddDays(in, years[0], years[1])
		for what := range oddDays(in, 2000, 2028) { // a stretch without what the facts hold tests nothing
			require.Contains(t, odd, what, name)
		}
		for what, day := range odd {
			t.Run(name+" "+what, func(t *testing.T) { sessionOrders(t, in, day) })
		}
	}
}

// oddDays finds the first early close, holiday and weekend of a clock change in a
// span of years.
func oddDays(in pitwall.Instrument, from, to int) map[string]time.Time {
	days := map[string]time.Time{}
	usual := in.Hours.Regular
	for day := time.Date(from, 1, 10, 0, 0, 0, 0, time.UTC); day.Year() < to; day = day.AddDate(0, 0, 1) {
		h, differs := in.Hours.Days[day.Year()*10000+int(day.Month())*100+day.Day()]
		note := func(what string) {
			if days[what].IsZero() {
				days[what] = day
			}
		}
		if y, ok := in.Hours.Years[day.Year()]; ok {
			usual = y
		}
		if differs && h == (pitwall.Hours{}) {
			note("holiday")
		}
		if differs && h != (pitwall.Hours{}) && h.Close < usual.Close {
			note("early close")
		}
		if differs && h != (pitwall.Hours{}) && h.Open > usual.Open {
			note("late open")
		}
		noon := time.Date(day.Year(), day.Month(), day.Day(), 12, 0, 0, 0, in.Zone)
		_, before := noon.Zone()
		if _, after := noon.AddDate(0, 0, 1).Zone(); before != after && day.Weekday() == time.Saturday {
			note("clock change")
		}
	}
	return days
}

// sessionOrders plays the sessions around a day.
func sessionOrders(t *testing.T, in pitwall.Instrument, odd time.Time) {
	s := &pitwall.Series{Instrument: in, Size: 30 * time.Minute}
	var sessions []time.Time
	for day := odd.AddDate(0, 0, -9); !day.After(odd.AddDate(0, 0, 9)); day = day.AddDate(0, 0, 1) {
		open, closes, ok := in.Session(day)
		pause, resumes := in.Break(day)
		if !ok {
			continue
		}
		sessions = append(sessions, day)
		for at := open; at.Before(closes); at = at.Add(s.Size) {
			if !pause.IsZero() && !at.Before(pause) && at.Before(resumes) {
				at = resumes
			}
			end := at.Add(s.Size)
			if end.After(closes) {
				end = closes
			}
			require.NoError(t, s.Append(pitwall.Bar{Symbol: "X", Start: at, End: end, Known: end, Open: pitwall.Int(100), High: pitwall.Int(101), Low: pitwall.Int(99), Close: pitwall.Int(100), Volume: 1e6}))
		}
	}
	require.Greater(t, len(sessions), 4)
	journal := &pitwall.MemoryJournal{}
	cfg := sim.Config{Source: source{series: []*pitwall.Series{s}}, Symbols: []string{"X"}, From: s.Bar(0).Start, Cash: pitwall.Int(1_000_000), Journal: journal, Rules: pitwall.Rules{VolumeShare: pitwall.One},
		Terms: pitwall.Terms{Type: pitwall.MarginAccount, BorrowRate: 365 * pitwall.One / 10_000}}
	v, err := sim.New(cfg)
	require.NoError(t, err)
	guard := risk.New(v, journal, v, nil, nil, risk.NoLimits())
	submit := func(o pitwall.Order) {
		state, err := guard.Submit(t.Context(), o)
		require.NoError(t, err)
		require.Equal(t, pitwall.Working, state.Status, "%v", state.Error)
	}
	order := func(id string, tif pitwall.TIF, typ pitwall.OrderType) pitwall.Order {
		return pitwall.Order{ID: id, Symbol: "X", Side: pitwall.Buy, Type: typ, Qty: pitwall.One, TIF: tif}
	}
	next := 1 // the session whose orders are placed when the one before is over
	for {
		now, err := v.Next(t.Context(), v.Now())
		if err != nil {
			break
		}
		if len(v.Equity()) == 1 {
			o := order("short", pitwall.GTC, pitwall.MarketOrder)
			o.Side, o.Qty = pitwall.Sell, pitwall.Int(100)
			submit(o)
		}
		if _, closes, _ := in.Session(sessions[next-1]); next == len(sessions) || now.Before(closes) {
			continue
		}
		id := sessions[next].Format(time.DateOnly)
		_, closes, _ := in.Session(sessions[next])
		day := order("day "+id, pitwall.Day, pitwall.LimitOrder)
		day.Limit = pitwall.Int(50)
		gtd := order("gtd "+id, pitwall.GTD, pitwall.LimitOrder)
		gtd.Limit, gtd.GoodTill = pitwall.Int(50), closes
		for _, o := range []pitwall.Order{day, gtd, order("opg "+id, pitwall.OPG, pitwall.MarketOrder), order("cls "+id, pitwall.CLS, pitwall.MarketOrder)} {
			submit(o)
		}
		next++
	}
	orders, err := v.Orders(t.Context(), pitwall.OrderQuery{})
	require.NoError(t, err)
	fills, _, err := v.Fills(t.Context(), pitwall.Cursor{})
	require.NoError(t, err)
	at := func(id string) time.Time {
		i := slices.IndexFunc(fills, func(f pitwall.Fill) bool { return f.OrderID == id })
		require.GreaterOrEqual(t, i, 0, "%s did not fill", id)
		return fills[i].Time
	}
	for k, day := range sessions[1:] {
		id := day.Format(time.DateOnly)
		open, closes, _ := in.Session(day)
		require.True(t, open.Equal(at("opg "+id)), "%s: %s, open %s", id, at("opg "+id), open)
		require.True(t, closes.Equal(at("cls "+id)), "%s: %s, close %s", id, at("cls "+id), closes)
		for _, kind := range []string{"day ", "gtd "} {
			i := slices.IndexFunc(orders, func(o pitwall.OrderState) bool { return o.ID == kind+id })
			require.Equal(t, pitwall.Expired, orders[i].Status, kind+id)
			require.True(t, closes.Equal(orders[i].Updated), "%s%s ended %s, close %s", kind, id, orders[i].Updated, closes)
		}
		// The position before the session's open: 100 short less two units a session
		// since, at 100, 0.0365 / 365 a night.
		held := int64(100 - 2*k)
		nights := int64(day.Sub(sessions[k]) / (24 * time.Hour))
		want := pitwall.Int(-held*nights) / 100
		flows := v.Flows(open)
		i := slices.IndexFunc(flows, func(f pitwall.CashFlow) bool { return f.Type == "borrow" })
		require.GreaterOrEqual(t, i, 0, id)
		require.Equal(t, want, flows[i].Amount, id)
	}
	found, err := audit.Verify(audit.Run{Data: cfg.Source, Symbols: cfg.Symbols, From: cfg.From, Terms: cfg.Terms, Costs: cfg.Costs, Rules: cfg.Rules, Journal: journal.Entries()})
	require.NoError(t, err)
	require.Empty(t, found.Differences)
}
