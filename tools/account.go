package tools

import (
	"context"
	"time"

	"pitwall"
)

func addAccount(s *Set) {
	add(s, Tool{Name: "account_positions", Title: "Positions", Idempotent: true,
		Description: "What is held: quantity, average and last price, value, unrealized gain, share of equity."}, accountPositions)
	add(s, Tool{Name: "account_portfolio", Title: "Portfolio", Idempotent: true,
		Description: "Cash, equity, buying power (what new orders may cost), realized and unrealized gain, fees, dividends; on margin the margin in use and the maintenance below which positions are closed."}, accountPortfolio)
	add(s, Tool{Name: "account_history", Title: "Account history", Idempotent: true,
		Description: "Fills, cash flows (dividends, splits, borrow fees) and equity so far, newest last."}, accountHistory)
}

type positionsIn struct {
	Symbol string `json:"symbol,omitempty"`
}

type positionsOut struct {
	Positions []positionView `json:"positions"`
}

func (o positionsOut) text(*pitwall.World) string {
	var t text
	t.positions(o.Positions)
	return t.String()
}

func accountPositions(ctx context.Context, w *pitwall.World, in positionsIn) (positionsOut, error) {
	acc, err := w.Broker.Account(ctx, pitwall.MainBook)
	if err != nil {
		return positionsOut{}, err
	}
	if in.Symbol != "" {
		if _, err := w.Instruments.Instrument(in.Symbol); err != nil {
			return positionsOut{}, err
		}
	}
	out := positionsOut{Positions: []positionView{}}
	for _, p := range viewPositions(w, acc) {
		if in.Symbol == "" || p.Symbol == in.Symbol {
			out.Positions = append(out.Positions, p)
		}
	}
	return out, nil
}

type portfolioIn struct {
	Risk bool `json:"risk,omitempty" jsonschema:"add exposure, correlation, VaR, drawdown beside their limits"`
}

// riskView is one figure of what the account risks. Percents are of equity.
type riskView struct {
	Name  string       `json:"name"`
	Of    string       `json:"of,omitempty"` // a symbol or a sector
	Value *pitwall.Dec `json:"value"`
	Worst *pitwall.Dec `json:"with_open_orders,omitempty"`
	Limit string       `json:"limit,omitempty"`
	Why   string       `json:"why,omitempty"` // of null
}

type portfolioOut struct {
	Currency    string      `json:"currency"`
	Start       pitwall.Dec `json:"start_cash"`
	Cash        pitwall.Dec `json:"cash"`
	Equity      pitwall.Dec `json:"equity"`
	BuyingPower pitwall.Dec `json:"buying_power"`
	Reserved    pitwall.Dec `json:"reserved"`
	Realized    pitwall.Dec `json:"realized"`
	Unrealized  pitwall.Dec `json:"unrealized"`
	Fees        pitwall.Dec `json:"fees"`
	Positions   int         `json:"positions"`

	Type        pitwall.AccountType `json:"type"`
	Unsettled   pitwall.Dec         `json:"unsettled,omitempty"`
	Receivable  pitwall.Dec         `json:"receivable,omitempty"`
	Dividends   pitwall.Dec         `json:"dividends,omitempty"`
	Borrow      pitwall.Dec         `json:"borrow_fees,omitempty"`
	Initial     pitwall.Dec         `json:"initial_margin,omitempty"`
	Maintenance pitwall.Dec         `json:"maintenance_margin,omitempty"`

	Risk []riskView `json:"risk,omitempty"`
}

func (o portfolioOut) text(*pitwall.World) string {
	var t text
	t.pairs("type", string(o.Type), "currency", o.Currency, "start_cash", o.Start, "cash", o.Cash, "equity", o.Equity, "buying_power", o.BuyingPower,
		"reserved", o.Reserved, "realized", o.Realized, "unrealized", o.Unrealized, "fees", o.Fees, "positions", o.Positions)
	for _, x := range []struct {
		name string
		d    pitwall.Dec
	}{{"unsettled", o.Unsettled}, {"receivable", o.Receivable}, {"dividends", o.Dividends}, {"borrow_fees", o.Borrow}, {"initial_margin", o.Initial}, {"maintenance_margin", o.Maintenance}} {
		if x.d != 0 {
			t.pairs(x.name, x.d)
		}
	}
	if len(o.Risk) > 0 {
		t.block("risk", "name,of,value,with_open_orders,limit,why", len(o.Risk), func(i int) []any {
			r := o.Risk[i]
			row := []any{r.Name, r.Of, "null", "", r.Limit, r.Why}
			if r.Value != nil {
				row[2] = *r.Value
			}
			if r.Worst != nil {
				row[3] = *r.Worst
			}
			return row
		})
	}
	return t.String()
}

func accountPortfolio(ctx context.Context, w *pitwall.World, in portfolioIn) (portfolioOut, error) {
	a, err := w.Broker.Account(ctx, pitwall.MainBook)
	out := portfolioOut{Currency: a.Currency, Start: a.Start, Cash: a.Cash, Equity: a.Equity, BuyingPower: a.BuyingPower, Reserved: a.Reserved,
		Realized: a.Realized, Unrealized: a.Unrealized, Fees: a.Fees, Positions: len(a.Positions),
		Type: a.Type, Unsettled: a.Unsettled, Receivable: a.Receivable, Dividends: a.Dividends, Borrow: a.Borrow, Initial: a.Initial, Maintenance: a.Maintenance}
	if err == nil && in.Risk {
		out.Risk, err = viewRisk(ctx, w)
	}
	return out, err
}

// viewRisk shows what the account risks, rounded to six decimals.
func viewRisk(ctx context.Context, w *pitwall.World) (list []riskView, err error) {
	if w.Risk == nil {
		return nil, pitwall.Errorf(pitwall.NoCoverage, "this world has no risk guard, so nothing measures its risk").Hintf("leave out risk")
	}
	figures, err := w.Risk.Risk(ctx, pitwall.MainBook)
	rounded := func(d *pitwall.Dec) *pitwall.Dec {
		if d == nil {
			return nil
		}
		r := d.Round(6)
		return &r
	}
	for _, f := range figures {
		v := riskView{Name: f.Name, Of: f.Of, Value: rounded(f.Value), Worst: rounded(f.Worst), Why: f.Reason}
		if f.Limit != "" {
			v.Limit = f.Key + " " + f.Limit
		}
		list = append(list, v)
	}
	return list, err
}

type historyIn struct {
	Limit  *int   `json:"limit,omitempty" jsonschema:"newest rows, default 20, at most 500"`
	Symbol string `json:"symbol,omitempty" jsonschema:"fills of this symbol only"`
}

type pointView struct {
	Time   string      `json:"time"`
	Equity pitwall.Dec `json:"equity"`
	Cash   pitwall.Dec `json:"cash"`
}

type historyOut struct {
	Fills      []fillView  `json:"fills"`
	TotalFills int         `json:"total_fills"`
	Equity     []pointView `json:"equity"`
	Points     int         `json:"total_points"`
	Flows      []flowView  `json:"cash_flows"`
}

func (o historyOut) text(*pitwall.World) string {
	var t text
	t.pairs("total_fills", o.TotalFills, "total_points", o.Points)
	t.fills(o.Fills)
	t.flows(o.Flows)
	t.block("equity", "time,equity,cash", len(o.Equity), func(i int) []any {
		p := o.Equity[i]
		return []any{p.Time, p.Equity, p.Cash}
	})
	return t.String()
}

func accountHistory(ctx context.Context, w *pitwall.World, in historyIn) (historyOut, error) {
	limit, err := atMost("limit", in.Limit, 20, 500)
	if err != nil {
		return historyOut{}, err
	}
	fills, _, err := w.Broker.Fills(ctx, pitwall.Cursor{})
	if err != nil {
		return historyOut{}, err
	}
	out := historyOut{Fills: []fillView{}, Equity: []pointView{}, Flows: []flowView{}}
	for _, f := range viewFills(w, fills) {
		if in.Symbol == "" || f.Symbol == in.Symbol {
			out.Fills = append(out.Fills, f)
		}
	}
	out.TotalFills = len(out.Fills)
	out.Fills = out.Fills[max(0, len(out.Fills)-limit):]
	if p, ok := w.Clock.(pitwall.SimClock); ok {
		points := p.Equity()
		out.Points = len(points)
		flows := viewFlows(w, time.Time{})
		out.Flows = flows[max(0, len(flows)-limit):]
		for _, x := range points[max(0, len(points)-limit):] {
			out.Equity = append(out.Equity, pointView{w.Time(x.Time), x.Equity, x.Cash})
		}
	}
	return out, nil
}

// atMost reads an optional count with a default and a maximum.
func atMost(name string, given *int, usual, most int) (int, error) {
	if given == nil {
		return usual, nil
	}
	if *given < 1 || *given > most {
		return 0, pitwall.Errorf(pitwall.InvalidInput, "%s is %d", name, *given).Hintf("use 1 to %d", most)
	}
	return *given, nil
}
