package sim_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/sim"
)

// golden is one hand-worked scenario of ../shared/golden/fills.json; numbers are
// read as decimals.
type golden struct {
	Name string `json:"name"`
	Bars []struct {
		T             string
		O, H, L, C, V pitwall.Dec
	} `json:"bars"`
	Account struct {
		Cash pitwall.Dec `json:"cash"`
		Type string      `json:"type"`

		Settlement  int         `json:"settlement_days"`
		Initial     pitwall.Dec `json:"initial_margin"`
		Maintenance pitwall.Dec `json:"maintenance_margin"`
	} `json:"account"`
	Costs struct {
		Commission struct {
			Type        string
			Value, Rate pitwall.Dec
			Min         pitwall.Dec `json:"min_per_order"`
			MaxRate     pitwall.Dec `json:"max_rate"`
			Maker       pitwall.Dec
			Taker       pitwall.Dec
		} `json:"commission"`
		Slippage struct {
			Type                  string
			Value, Spread, Impact pitwall.Dec
		} `json:"slippage"`
		VolumeLimit pitwall.Dec `json:"volume_limit"`
		Borrow      struct {
			Rate pitwall.Dec `json:"annual_rate"`
		} `json:"borrow"`
	} `json:"costs"`
	Policy struct {
		LimitFill string `json:"limit_fill"`
	} `json:"policy"`
	Orders []struct {
		At      int               `json:"at_bar_index"`
		Side    pitwall.Side      `json:"side"`
		Type    pitwall.OrderType `json:"type"`
		Qty     pitwall.Dec       `json:"qty"`
		Limit   pitwall.Dec       `json:"limit"`
		Stop    pitwall.Dec       `json:"stop"`
		TIF     pitwall.TIF       `json:"tif"`
		ID      string            `json:"id"`
		OCO     string            `json:"oco"`
		Bracket *struct {
			Target pitwall.Dec `json:"take_profit"`
			Stop   pitwall.Dec `json:"stop_loss"`
		} `json:"bracket"`
		Trail struct{ Amount, Percent pitwall.Dec }
	} `json:"orders"`
	Cancels []struct {
		At int    `json:"at_bar_index"`
		ID string `json:"order"`
	} `json:"cancels"`
	Expect []struct {
		Order  string         `json:"order"`
		Bar    *int           `json:"bar_index"`
		Price  *pitwall.Dec   `json:"price"`
		Qty    pitwall.Dec    `json:"qty"`
		Status pitwall.Status `json:"status"`
		Fee    *pitwall.Dec   `json:"fee"`
	} `json:"expect"`
	Final   map[string]pitwall.Status `json:"final_status"`
	Session struct {
		Cutoff int `json:"moc_cutoff_minutes"`
	} `json:"session"`
	Cash     *pitwall.Dec `json:"expect_cash"`
	Position *pitwall.Dec `json:"expect_position"`
	Equity   *pitwall.Dec `json:"expect_equity"`
	AvgPrice *pitwall.Dec `json:"expect_avg_price"`
	Realized *pitwall.Dec `json:"expect_realized"`
	Trigger  *pitwall.Dec `json:"expect_stop"`
	Actions  []struct {
		Type   string          `json:"type"`
		Ex     int             `json:"ex_bar_index"`
		Pay    int             `json:"pay_bar_index"`
		Amount pitwall.Dec     `json:"amount"`
		New    json.RawMessage `json:"new_per_old"`
	} `json:"corporate_actions"`
	CashBy     map[string]pitwall.Dec `json:"expect_cash_by_bar"`
	PositionBy map[string]pitwall.Dec `json:"expect_position_by_bar"`
	EquityBy   map[string]pitwall.Dec `json:"expect_equity_by_bar"`
	Asset      *struct {
		Cls        string
		Lot        pitwall.Dec
		Multiplier pitwall.Dec
		Right      pitwall.Right
		Strike     pitwall.Dec
		Expiry     *int        `json:"expiry_bar_index"`
		Underlying pitwall.Dec `json:"underlying_close_at_expiry"`
	} `json:"asset"`
}

// goldenSource is one scenario's data: X, of an option also its underlying U.
type goldenSource struct {
	series  []*pitwall.Series
	actions []pitwall.Action
}

func (s goldenSource) Series() []*pitwall.Series { return s.series }
func (s goldenSource) Actions() []pitwall.Action { return s.actions }

func (g *golden) source(t *testing.T) goldenSource {
	x := g.series(t)
	src := goldenSource{series: []*pitwall.Series{x}}
	if a := g.Asset; a != nil {
		x.Instrument.Kind, x.Instrument.Multiplier = pitwall.Kind(a.Cls), a.Multiplier
		if a.Expiry != nil {
			x.Instrument.Expiry, x.Instrument.Right, x.Instrument.Strike, x.Instrument.Underlying = x.Bar(*a.Expiry).Start, a.Right, a.Strike, "U"
			u := &pitwall.Series{Instrument: pitwall.Instrument{Symbol: "U", Kind: pitwall.Index, Zone: newYork}, Size: x.Size}
			for i := range x.Len() {
				bar := x.Bar(i)
				bar.Open, bar.High, bar.Low, bar.Close = a.Underlying, a.Underlying, a.Underlying, a.Underlying
				require.NoError(t, u.Append(bar))
			}
			src.series = append(src.series, u)
		}
	}
	for _, a := range g.Actions {
		midnight := func(bar int) time.Time {
			y, m, d := x.Bar(bar).Start.Date()
			return time.Date(y, m, d, 0, 0, 0, 0, newYork)
		}
		act := pitwall.Action{Symbol: "X", Type: "dividend", Ex: midnight(a.Ex), Value: a.Amount}
		if a.Type == "split" {
			act.Type, act.Value, act.Per = "split", pitwall.One, pitwall.One
			num, den, _ := strings.Cut(strings.Trim(string(a.New), `"`), "/")
			require.NoError(t, act.Value.UnmarshalText([]byte(num)))
			if den != "" {
				require.NoError(t, act.Per.UnmarshalText([]byte(den)))
			}
		} else {
			act.Pay = midnight(a.Pay)
		}
		src.actions = append(src.actions, act)
	}
	return src
}

func (g *golden) series(t *testing.T) *pitwall.Series {
	s := &pitwall.Series{Instrument: pitwall.Instrument{Symbol: "X", Kind: pitwall.Equity, Lot: pitwall.One, Zone: newYork}, Size: 24 * time.Hour}
	if g.Asset != nil && g.Asset.Lot != 0 {
		s.Instrument.Lot = g.Asset.Lot
	}
	for _, b := range g.Bars {
		bar := pitwall.Bar{Open: b.O, High: b.H, Low: b.L, Close: b.C, Volume: b.V.Float()}
		day, err := time.ParseInLocation(time.DateOnly, b.T, newYork)
		if err == nil {
			bar.Start, bar.End = day.Add(9*time.Hour+30*time.Minute), day.Add(16*time.Hour)
		} else {
			s.Size = time.Minute
			bar.Start, err = time.Parse(time.RFC3339, b.T)
			require.NoError(t, err)
			bar.End = bar.Start.Add(time.Minute)
		}
		bar.Known = bar.End
		require.NoError(t, s.Append(bar))
	}
	return s
}

// TestGoldenScenarios runs the hand-worked scenarios. PITWALL_SCENARIOS names
// another file of the same format.
func TestGoldenScenarios(t *testing.T) {
	file := os.Getenv("PITWALL_SCENARIOS")
	if file == "" {
		file = "../../shared/golden/fills.json"
	}
	raw, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		t.Skip("skipped: no ../shared")
	}
	require.NoError(t, err)
	var all []golden
	require.NoError(t, json.Unmarshal(raw, &all))
	require.NotEmpty(t, all)
	for _, g := range all {
		t.Run(g.Name, g.run)
	}
}

func (g *golden) run(t *testing.T) {
	ctx := context.Background()
	src := g.source(t)
	s := src.series[0]
	cfg := sim.Config{Source: src, Symbols: []string{"X"}, From: s.Bar(0).Start, Cash: g.Account.Cash, Journal: &pitwall.MemoryJournal{},
		Rules: pitwall.Rules{VolumeShare: pitwall.NoVolumeLimit, Touch: g.Policy.LimitFill == "touch"}}
	if g.Costs.VolumeLimit != 0 {
		cfg.Rules.VolumeShare = g.Costs.VolumeLimit
	}
	cfg.Rules.CloseCutoff = time.Duration(g.Session.Cutoff) * time.Minute
	cfg.Costs = g.costs(t)
	cfg.Terms = pitwall.Terms{Type: pitwall.AccountType(g.Account.Type), Initial: g.Account.Initial, LongMaintenance: g.Account.Maintenance, BorrowRate: g.Costs.Borrow.Rate, SettleDays: g.Account.Settlement}
	v, err := sim.New(cfg)
	require.NoError(t, err)
	for k := range g.Bars {
		_, err := v.Next(ctx, v.Now())
		require.NoError(t, err)
		g.checkBar(t, v, strconv.Itoa(k))
		for _, c := range g.Cancels {
			if c.At == k {
				_, err := v.Cancel(ctx, c.ID)
				require.NoError(t, err)
			}
		}
		for _, o := range g.Orders {
			if o.At != k {
				continue
			}
			order := pitwall.Order{ID: o.ID, Symbol: "X", Side: o.Side, Type: o.Type, Qty: o.Qty, Limit: o.Limit, Stop: o.Stop, TIF: o.TIF, Trail: o.Trail.Amount, TrailPercent: o.Trail.Percent, Group: o.OCO}
			if b := o.Bracket; b != nil {
				order.Class = pitwall.Bracket
				if b.Target != 0 {
					order.Legs = append(order.Legs, pitwall.Leg{Role: pitwall.TakeProfit, Limit: b.Target})
				}
				if b.Stop != 0 {
					order.Legs = append(order.Legs, pitwall.Leg{Role: pitwall.StopLoss, Stop: b.Stop})
				}
				if len(order.Legs) == 1 {
					order.Class = pitwall.OTO
				}
			}
			_, err := v.Submit(ctx, order)
			require.NoError(t, err)
		}
	}
	_, err = v.Next(ctx, v.Now())
	require.ErrorIs(t, err, io.EOF)
	g.check(t, v, s)
}

func (g *golden) costs(t *testing.T) (c pitwall.Costs) {
	var a pitwall.Calc
	x := g.Costs.Commission
	switch x.Type {
	case "none":
	case "bps":
		c.CommissionBps = x.Value
	case "fixed":
		c.Fixed = x.Value
	case "per_share":
		c.PerShare, c.MinPerOrder, c.MaxRate = x.Rate, x.Min, x.MaxRate
	case "maker_taker":
		c.MakerBps, c.CommissionBps = new(a.Mul(x.Maker, pitwall.Int(10_000))), a.Mul(x.Taker, pitwall.Int(10_000))
	default:
		t.Fatalf("commission %q", x.Type)
	}
	y := g.Costs.Slippage
	switch y.Type {
	case "none":
	case "bps":
		c.SlippageBps = y.Value
	case "fixed":
		c.SlippageEach = y.Value
	case "half_spread":
		c.Spread = y.Spread
	case "volume_share":
		c.Impact = y.Impact
	default:
		t.Fatalf("slippage %q", y.Type)
	}
	return c
}

func (g *golden) check(t *testing.T, v *sim.Venue, s *pitwall.Series) {
	ctx := context.Background()
	fills, _, err := v.Fills(ctx, pitwall.Cursor{})
	require.NoError(t, err)
	next := 0
	last := map[string]pitwall.Status{}
	for _, e := range g.Expect {
		last[e.Order] = e.Status
		if e.Price == nil {
			continue
		}
		require.Less(t, next, len(fills), "fill of %s at %v", e.Order, e.Price)
		f := fills[next]
		next++
		require.Equal(t, e.Order, f.OrderID)
		require.Equal(t, e.Price.String(), f.Price.String(), f.Rule)
		require.Equal(t, e.Qty.String(), f.Qty.String())
		if e.Bar != nil {
			require.Equal(t, s.Bar(*e.Bar).Start, f.Bar)
		}
		if e.Fee != nil {
			require.Equal(t, e.Fee.String(), f.Fee.String())
		}
	}
	require.Len(t, fills, next, "no other fills")
	for id, status := range g.Final {
		last[id] = status
	}
	for id, status := range last {
		orders, err := v.Orders(ctx, pitwall.OrderQuery{ID: id})
		require.NoError(t, err)
		require.Equal(t, status, orders[0].Status, id)
		if g.Trigger != nil && orders[0].Type == pitwall.TrailingStop {
			require.Equal(t, g.Trigger.String(), orders[0].Trigger.String())
		}
	}
	a, err := v.Account(ctx, "")
	require.NoError(t, err)
	held, avg := pitwall.Dec(0), pitwall.Dec(0)
	if len(a.Positions) > 0 {
		held, avg = a.Positions[0].Qty, a.Positions[0].AvgPrice
	}
	for name, pair := range map[string][2]*pitwall.Dec{"cash": {g.Cash, &a.Cash}, "position": {g.Position, &held}, "equity": {g.Equity, &a.Equity}, "average price": {g.AvgPrice, &avg}, "realized": {g.Realized, &a.Realized}} {
		if pair[0] != nil {
			require.Equal(t, pair[0].String(), pair[1].String(), name)
		}
	}
}

// checkBar compares what is expected of single bars.
func (g *golden) checkBar(t *testing.T, v *sim.Venue, k string) {
	a, err := v.Account(context.Background(), "")
	require.NoError(t, err)
	if want, ok := g.CashBy[k]; ok {
		require.Equal(t, want.String(), a.Cash.String(), "cash at bar %s", k)
	}
	if want, ok := g.EquityBy[k]; ok {
		require.Equal(t, want.String(), a.Equity.String(), "equity at bar %s", k)
	}
	if want, ok := g.PositionBy[k]; ok {
		require.Len(t, a.Positions, 1)
		require.Equal(t, want.String(), a.Positions[0].Qty.String(), "position at bar %s", k)
	}
}
