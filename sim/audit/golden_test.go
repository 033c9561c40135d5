package audit

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
)

// fixed is a Source of a few series.
type fixed struct {
	series  []*pitwall.Series
	actions []pitwall.Action
}

func (f fixed) Series() []*pitwall.Series { return f.series }
func (f fixed) Actions() []pitwall.Action { return f.actions }

func newYork(t testing.TB) *time.Location {
	loc, err := time.LoadLocation("America/New_York")
	require.NoError(t, err)
	return loc
}

type goldenOrder struct {
	At      int                                   `json:"at_bar_index"`
	ID      string                                `json:"id"`
	Side    pitwall.Side                          `json:"side"`
	Type    string                                `json:"type"`
	Qty     pitwall.Dec                           `json:"qty"`
	Limit   pitwall.Dec                           `json:"limit"`
	Stop    pitwall.Dec                           `json:"stop"`
	TIF     pitwall.TIF                           `json:"tif"`
	OCO     string                                `json:"oco"`
	Trail   struct{ Amount, Percent pitwall.Dec } `json:"trail"`
	Bracket *struct {
		TP pitwall.Dec `json:"take_profit"`
		SL pitwall.Dec `json:"stop_loss"`
	} `json:"bracket"`
}

type goldenCase struct {
	Name    string
	Session *struct{ TZ string } `json:"session"`
	Bars    []struct {
		T          string
		O, H, L, C pitwall.Dec
		V          float64
	}
	Asset struct {
		Cls        pitwall.Kind
		Multiplier pitwall.Dec
		Lot        pitwall.Dec
		Right      pitwall.Right
		Strike     pitwall.Dec
		Expiry     *int        `json:"expiry_bar_index"`
		Under      pitwall.Dec `json:"underlying_close_at_expiry"`
	}
	Account struct {
		Cash        pitwall.Dec
		Type        pitwall.AccountType
		Initial     pitwall.Dec `json:"initial_margin"`
		Maintenance pitwall.Dec `json:"maintenance_margin"`
		Settle      int         `json:"settlement_days"`
	}
	Costs struct {
		Commission struct {
			Type                      string
			Value, Rate, Maker, Taker pitwall.Dec
			Min                       pitwall.Dec `json:"min_per_order"`
			Max                       pitwall.Dec `json:"max_rate"`
		}
		Slippage struct {
			Type                  string
			Value, Spread, Impact pitwall.Dec
		}
		Volume *pitwall.Dec `json:"volume_limit"`
		Borrow struct {
			Rate pitwall.Dec `json:"annual_rate"`
		}
	}
	Policy struct {
		Limit string `json:"limit_fill"`
	}
	Orders  []goldenOrder
	Cancels []struct {
		Order string
		At    int `json:"at_bar_index"`
	}
	Actions []struct {
		Type   string
		Ex     int  `json:"ex_bar_index"`
		Pay    *int `json:"pay_bar_index"`
		Amount pitwall.Dec
		Ratio  any `json:"new_per_old"`
	} `json:"corporate_actions"`
	Expect []struct {
		Order  string
		Bar    *int `json:"bar_index"`
		Price  *pitwall.Dec
		Qty    pitwall.Dec
		Status pitwall.Status
		Fee    *pitwall.Dec
	}
	Final      map[string]pitwall.Status `json:"final_status"`
	Cash       pitwall.Dec               `json:"expect_cash"`
	Position   pitwall.Dec               `json:"expect_position"`
	Equity     *pitwall.Dec              `json:"expect_equity"`
	Avg        *pitwall.Dec              `json:"expect_avg_price"`
	Realized   *pitwall.Dec              `json:"expect_realized"`
	Stop       *pitwall.Dec              `json:"expect_stop"`
	CashAt     map[string]pitwall.Dec    `json:"expect_cash_by_bar"`
	EquityAt   map[string]pitwall.Dec    `json:"expect_equity_by_bar"`
	PositionAt map[string]pitwall.Dec    `json:"expect_position_by_bar"`
}

func TestGolden(t *testing.T) {
	text, err := os.ReadFile("../../../shared/golden/fills.json")
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("skipped: no ../shared")
	}
	require.NoError(t, err)
	var cases []goldenCase
	require.NoError(t, json.NewDecoder(bytes.NewReader(text)).Decode(&cases))
	require.Len(t, cases, 76)
	for _, g := range cases {
		t.Run(g.Name, func(t *testing.T) { g.run(t) })
	}
}

// series builds the traded series X and, for an option, its underlying U.
func (g goldenCase) series(t *testing.T) []*pitwall.Series {
	loc := newYork(t)
	x := &pitwall.Series{Adjusted: pitwall.Raw, Size: 24 * time.Hour, Instrument: pitwall.Instrument{
		Symbol: "X", Kind: pitwall.Equity, Lot: pitwall.One, Multiplier: g.Asset.Multiplier, Right: g.Asset.Right, Strike: g.Asset.Strike, Tradable: true, Zone: loc}}
	if g.Asset.Cls != "" {
		x.Instrument.Kind = g.Asset.Cls
	}
	if g.Asset.Lot != 0 {
		x.Instrument.Lot = g.Asset.Lot
	}
	for _, b := range g.Bars {
		start, err := time.ParseInLocation("2006-01-02 15:04", b.T+" 09:30", loc)
		end := start.Add(6*time.Hour + 30*time.Minute)
		if strings.Contains(b.T, "T") {
			start, err = time.Parse(time.RFC3339, b.T)
			end, x.Size = start.Add(time.Minute), time.Minute
		}
		require.NoError(t, err)
		require.NoError(t, x.Append(pitwall.Bar{Symbol: "X", Start: start, End: end, Known: end, Open: b.O, High: b.H, Low: b.L, Close: b.C, Volume: b.V}))
	}
	if g.Asset.Expiry == nil {
		return []*pitwall.Series{x}
	}
	at := x.Bar(*g.Asset.Expiry)
	x.Instrument.Expiry, x.Instrument.Underlying = at.Start, "U"
	u := &pitwall.Series{Adjusted: pitwall.Raw, Size: x.Size, Instrument: pitwall.Instrument{Symbol: "U", Kind: pitwall.Equity, Lot: pitwall.One, Zone: loc}}
	at.Symbol, at.Open, at.High, at.Low, at.Close = "U", g.Asset.Under, g.Asset.Under, g.Asset.Under, g.Asset.Under
	require.NoError(t, u.Append(at))
	return []*pitwall.Series{u, x}
}

func (g goldenCase) costs() pitwall.Costs {
	c, s := g.Costs.Commission, g.Costs.Slippage
	out := pitwall.Costs{Spread: s.Spread, Impact: s.Impact}
	switch c.Type {
	case "fixed":
		out.Fixed = c.Value
	case "bps":
		out.CommissionBps = c.Value
	case "per_share":
		out.PerShare, out.MinPerOrder, out.MaxRate = c.Rate, c.Min, c.Max
	case "maker_taker":
		out.CommissionBps, out.MakerBps = c.Taker*10000, new(c.Maker*10000)
	}
	switch s.Type {
	case "fixed":
		out.SlippageEach = s.Value
	case "bps":
		out.SlippageBps = s.Value
	}
	return out
}

func (g goldenCase) actions(x *pitwall.Series) []pitwall.Action {
	var all []pitwall.Action
	for _, a := range g.Actions {
		act := pitwall.Action{Symbol: "X", Ex: x.Bar(a.Ex).Start, Type: "dividend", Value: a.Amount}
		if a.Pay != nil {
			act.Pay = x.Bar(*a.Pay).Start
		}
		if a.Type == "split" {
			act.Type = "split"
			switch r := a.Ratio.(type) {
			case float64:
				act.Value = pitwall.Dec(r * float64(pitwall.One))
			case string:
				value, per, _ := strings.Cut(r, "/")
				act.Value, _ = pitwall.ParseDec(value)
				act.Per, _ = pitwall.ParseDec(per)
			}
		}
		all = append(all, act)
	}
	return all
}

func (o goldenOrder) order() pitwall.Order {
	out := pitwall.Order{ID: o.ID, Symbol: "X", Side: o.Side, Type: pitwall.OrderType(o.Type), Qty: o.Qty, Limit: o.Limit, Stop: o.Stop,
		TIF: o.TIF, Group: o.OCO, Trail: o.Trail.Amount, TrailPercent: o.Trail.Percent}
	if o.Bracket != nil {
		out.Class = pitwall.Bracket
		out.Legs = []pitwall.Leg{{Role: pitwall.TakeProfit, Limit: o.Bracket.TP}, {Role: pitwall.StopLoss, Stop: o.Bracket.SL}}
	}
	return out
}

func (g goldenCase) replica(t *testing.T) *replica {
	series := g.series(t)
	x := series[len(series)-1]
	journal := []pitwall.Entry{{Kind: pitwall.EntryStart, AsOf: x.Bar(0).Start, Amount: g.Account.Cash}}
	for k := range x.Len() {
		for _, o := range g.Orders {
			if order := o.order(); o.At == k {
				journal = append(journal, pitwall.Entry{Kind: pitwall.EntryIntent, Verb: "submit", AsOf: x.Bar(k).Known, ID: o.ID, Order: &order})
			}
		}
		for _, c := range g.Cancels {
			if c.At == k {
				journal = append(journal, pitwall.Entry{Kind: pitwall.EntryIntent, Verb: "cancel", AsOf: x.Bar(k).Known, ID: c.Order})
			}
		}
	}
	for i := range journal {
		journal[i].Seq = int64(i) + 1
	}
	rules := pitwall.Rules{VolumeShare: pitwall.NoVolumeLimit, Touch: g.Policy.Limit == "touch"}
	if g.Costs.Volume != nil {
		rules.VolumeShare = *g.Costs.Volume
	}
	r, err := newReplica(Run{Data: fixed{series, g.actions(x)}, Costs: g.costs(), Rules: rules, Journal: journal, Terms: pitwall.Terms{
		Type: g.Account.Type, Initial: g.Account.Initial, LongMaintenance: g.Account.Maintenance, SettleDays: g.Account.Settle, BorrowRate: g.Costs.Borrow.Rate}})
	require.NoError(t, err)
	return r
}

func (g goldenCase) run(t *testing.T) {
	r := g.replica(t)
	x := r.symbol("X")
	var positions []pitwall.Dec
	for {
		r.apply()
		known, ok := r.nextKnown()
		if !ok {
			break
		}
		r.step(known)
		positions = append(positions, r.books[0].position("X").qty)
	}
	require.NoError(t, r.a.Err)
	require.NoError(t, r.broken)
	next := 0
	for i, e := range g.Expect {
		if e.Price != nil {
			require.Less(t, next, len(r.fills), "fill %d of %s is missing", i, e.Order)
			f := r.fills[next]
			next++
			require.Equal(t, []string{e.Order, e.Price.String(), e.Qty.String()}, []string{f.OrderID, f.Price.String(), f.Qty.String()})
			require.Equal(t, x.Bar(*e.Bar).Start, f.Bar)
			if e.Fee != nil {
				require.Equal(t, e.Fee.String(), f.Fee.String())
			}
		}
		final := true
		for _, later := range g.Expect[i+1:] {
			final = final && later.Order != e.Order
		}
		if final {
			require.Equal(t, e.Status, r.order(e.Order).status, "status of %s", e.Order)
		}
	}
	require.Len(t, r.fills, next, "no other fills")
	for id, status := range g.Final {
		require.Equal(t, status, r.order(id).status)
	}
	g.money(t, r, positions)
}

// money checks the book at the end and bar by bar.
func (g goldenCase) money(t *testing.T, r *replica, positions []pitwall.Dec) {
	b := r.books[0]
	p := b.position("X")
	require.Equal(t, g.Cash.String(), b.cash.String(), "cash")
	require.Equal(t, g.Position.String(), p.qty.String(), "position")
	same := func(name string, want *pitwall.Dec, got pitwall.Dec) {
		if want != nil {
			require.Equal(t, want.String(), got.String(), name)
		}
	}
	same("equity", g.Equity, r.equity(b))
	if g.Avg != nil {
		same("average price", g.Avg, r.a.Div(p.cost, p.qty))
	}
	same("realized", g.Realized, b.realized)
	if g.Stop != nil {
		same("stop", g.Stop, r.order(g.Expect[len(g.Expect)-1].Order).trigger)
	}
	for _, by := range []struct {
		name string
		want map[string]pitwall.Dec
		got  func(int) pitwall.Dec
	}{
		{"cash", g.CashAt, func(i int) pitwall.Dec { return r.points[i].Cash }},
		{"equity", g.EquityAt, func(i int) pitwall.Dec { return r.points[i].Equity }},
		{"position", g.PositionAt, func(i int) pitwall.Dec { return positions[i] }},
	} {
		for k, want := range by.want {
			i, err := strconv.Atoi(k)
			require.NoError(t, err)
			require.Equal(t, want.String(), by.got(i).String(), "%s at bar %d", by.name, i)
		}
	}
}
