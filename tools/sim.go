package tools

import (
	"context"
	"math"
	"strings"
	"time"

	"pitwall"
	"pitwall/tools/report"
)

func addSim(s *Set) {
	add(s, Tool{Name: "sim_start", Title: "Start a simulation", Effect: Change, Destructive: true,
		Description: "Start a new simulated world and forget the current one: clock at `from`, cash only. sim_status says what data there is."}, s.simStart)
	add(s, Tool{Name: "sim_status", Title: "Simulation status", Idempotent: true,
		Description: "Where this world stands: dates, bars passed, attempt, warnings about the data, and what sim_start can use."}, s.simStatus)
}

// StartRequest asks for a new simulated world; zero fields take the defaults.
type StartRequest struct {
	Symbols []string     `json:"symbols,omitempty" jsonschema:"what may be traded"`
	From    string       `json:"from,omitempty" jsonschema:"first day, 2006-01-02"`
	To      string       `json:"to,omitempty" jsonschema:"last day"`
	Cash    *pitwall.Dec `json:"cash,omitempty"`
	BarSize string       `json:"bar_size,omitempty" jsonschema:"1d, 1h, 5m: needed when a symbol comes in several sizes"`
}

// maxOffer is how many series the text lists; the structured answer has all.
const maxOffer = 30

// OfferedData is one series that sim_start can use.
type OfferedData struct {
	Symbol string `json:"symbol"`
	Kind   string `json:"kind"`
	Size   string `json:"bar_size"`
	First  string `json:"first"`
	Last   string `json:"last"`
}

type statusOut struct {
	World    string        `json:"world"`
	ID       string        `json:"world_id,omitempty"`
	From     string        `json:"from"`
	To       string        `json:"to,omitempty"`
	Bars     int           `json:"bars"`
	Ended    bool          `json:"ended"`
	Attempt  int           `json:"attempt"`
	Equity   pitwall.Dec   `json:"equity"`
	Return   float64       `json:"total_return"` // fraction
	Drawdown float64       `json:"max_drawdown"` // fraction
	Tradable []string      `json:"tradable"`
	Costs    pitwall.Costs `json:"costs"`
	Warnings []string      `json:"warnings"`
	Digest   string        `json:"digest"`
	// Conditions are the account's terms, how orders fill, and the risk limits.
	Conditions []string      `json:"conditions"`
	Offer      []OfferedData `json:"available_data"`

	w *pitwall.World
}

func (o statusOut) other() *pitwall.World { return o.w }

func (o statusOut) text(*pitwall.World) string {
	var t text
	if o.ID != "" {
		t.pairs("world_id", o.ID)
	}
	t.pairs("world", o.World, "from", o.From, "to", o.To, "bars", o.Bars, "ended", o.Ended, "attempt", o.Attempt, "equity", o.Equity, "total_return", o.Return, "max_drawdown", o.Drawdown)
	t.pairs("tradable", strings.Join(o.Tradable, ";"), "digest", o.Digest)
	t.pairs("costs", o.Costs.String(), "cash_buffer", o.Costs.CashBuffer)
	for _, c := range o.Conditions {
		t.pairs("condition", c)
	}
	for _, w := range o.Warnings {
		t.pairs("warning", w)
	}
	t.block("data available to sim_start", "symbol,kind,bar_size,first,last", min(len(o.Offer), maxOffer), func(i int) []any {
		d := o.Offer[i]
		return []any{d.Symbol, d.Kind, d.Size, d.First, d.Last}
	})
	if len(o.Offer) > maxOffer {
		t.pairs("and_more", len(o.Offer)-maxOffer)
	}
	return t.String()
}

func (s *Set) simStart(ctx context.Context, w *pitwall.World, in StartRequest) (statusOut, error) {
	if s.starter == nil || w.Mode != pitwall.Sim {
		return statusOut{}, pitwall.Errorf(pitwall.Unsupported, "this is a %s world: it cannot be started over", w.Mode).Hintf("use the world as it is")
	}
	if in.Symbols != nil && len(in.Symbols) == 0 {
		return statusOut{}, pitwall.Errorf(pitwall.InvalidInput, "symbols is an empty list").Hintf("name at least one, or leave it out for the default")
	}
	if in.Cash != nil && *in.Cash <= 0 {
		return statusOut{}, pitwall.Errorf(pitwall.InvalidNumber, "cash is %v", *in.Cash).Hintf("start with cash above 0, or leave it out for the default")
	}
	n, err := s.starter.Start(ctx, w.Name, in)
	if err != nil {
		return statusOut{}, err
	}
	return s.status(ctx, n)
}

func (s *Set) simStatus(ctx context.Context, w *pitwall.World, _ noInput) (statusOut, error) {
	return s.status(ctx, w)
}

func (s *Set) status(ctx context.Context, w *pitwall.World) (statusOut, error) {
	out := statusOut{World: w.Name, ID: w.ID, Attempt: w.Attempt, Costs: w.Costs, Conditions: append([]string{}, w.Conditions...), Warnings: pitwall.WarningTexts(warnings(w, time.Time{})), Tradable: []string{}, Offer: []OfferedData{}, w: w}
	p, ok := w.Clock.(pitwall.SimClock)
	if !ok {
		return out, pitwall.Errorf(pitwall.Unsupported, "this is a %s world, not a simulation", w.Mode).Hintf("clock_now and account_portfolio say where it stands")
	}
	r := p.Progress()
	out.From, out.Bars, out.Ended, out.Digest = w.Time(r.From), r.Bars, r.Ended, r.Digest
	if !r.To.IsZero() {
		out.To = w.Time(r.To.Add(-time.Nanosecond))[:len(time.DateOnly)]
	}
	for _, i := range w.Instruments.Instruments() {
		if i.Tradable {
			out.Tradable = append(out.Tradable, i.Symbol)
		}
	}
	if s.starter != nil {
		out.Offer = asOf(ctx, s.starter.Offer(), out.w)
	}
	acc, err := w.Broker.Account(ctx, pitwall.MainBook)
	if err != nil {
		return out, err
	}
	curve := []float64{acc.Start.Float()}
	for _, x := range p.Equity() {
		curve = append(curve, x.Equity.Float())
	}
	out.Equity = acc.Equity
	out.Return = rounded(acc.Equity.Float()/acc.Start.Float() - 1)
	out.Drawdown = rounded(report.MaxDrawdown(curve))
	return out, nil
}

// asOf cuts an offer at what a world may know: symbols that are listed now, until
// their newest known bar. sim_start takes any day and says what there is when it
// has none.
func asOf(ctx context.Context, offer []OfferedData, w *pitwall.World) []OfferedData {
	list := []OfferedData{}
	for _, d := range offer {
		if b, err := w.Market.Last(ctx, d.Symbol); err == nil {
			d.Last = w.Time(b.Start)[:len(time.DateOnly)]
			list = append(list, d)
		}
	}
	return list
}

// rounded keeps six decimals of a fraction, which is what a reader needs.
func rounded(f float64) float64 { return math.Round(f*1e6) / 1e6 }
