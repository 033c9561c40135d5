package audit

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"pitwall"
)

// Trade is one fill of somebody else's book.
type Trade struct {
	Line     int // of its file; 0 for a position that was named beside it
	Time     time.Time
	DateOnly bool
	Opening  bool // a position that was there before: only its quantity counts
	Symbol   string
	Side     pitwall.Side
	Qty      pitwall.Dec
	Price    pitwall.Dec
	Fee      pitwall.Dec

	taken pitwall.Dec // by trades of this instant so far, for the impact
}

// TradeOptions say what is allowed.
type TradeOptions struct {
	AllowShort   bool        `json:"allow_short"`
	ToleranceBps pitwall.Dec `json:"tolerance_bps"` // how far outside a bar's range a price may be

	// Costs are what the prices hold already: slippage, spread and impact move a buyer's
	// price up and a seller's down from one inside the bar.
	Costs pitwall.Costs `json:"costs"`

	Held map[string]pitwall.Dec `json:"held,omitempty"` // before the first trade
}

// TradeResult says which trades the data explain.
type TradeResult struct {
	Fills       int       `json:"fills"`
	Explained   int       `json:"explained"`
	Unexplained int       `json:"unexplained"`
	Opening     int       `json:"opening_positions,omitempty"` // rows that are no fills
	Findings    []Finding `json:"findings"`                    // one per unexplained trade, in the file's order
}

// Finding is a trade that the data do not explain, and why.
type Finding struct {
	Line   int    `json:"line"`
	Time   string `json:"time"`
	Symbol string `json:"symbol"`
	Side   string `json:"side"`
	Qty    string `json:"qty"`
	Price  string `json:"price"`
	Reason string `json:"reason"`
}

// CheckTrades holds every trade against the bars: could it have happened?
func CheckTrades(trades []Trade, data pitwall.Source, o TradeOptions) TradeResult {
	over := map[int]string{}
	if !o.AllowShort {
		over = oversold(trades, data, o.Held)
	}
	rep := TradeResult{Findings: []Finding{}}
	taken := map[Trade]pitwall.Dec{}
	for i, t := range trades {
		if t.Opening {
			rep.Opening++
			continue
		}
		rep.Fills++
		at := Trade{Symbol: t.Symbol, Time: t.Time.UTC()}
		taken[at], _ = taken[at].Add(t.Qty) // beyond a Dec no bar holds it anyway
		t.taken = taken[at]
		var reasons []string
		if t.Qty <= 0 {
			reasons = append(reasons, fmt.Sprintf("qty %v is not above 0", t.Qty))
		}
		if t.Price <= 0 {
			reasons = append(reasons, fmt.Sprintf("price %v is not above 0", t.Price))
		}
		if why := unexplained(t, seriesOf(data, t.Symbol), o); why != "" {
			reasons = append(reasons, why)
		}
		if why := over[i]; why != "" {
			reasons = append(reasons, why)
		}
		if len(reasons) == 0 {
			rep.Explained++
			continue
		}
		rep.Unexplained++
		rep.Findings = append(rep.Findings, Finding{Line: t.Line, Time: t.shown(), Symbol: t.Symbol, Side: string(t.Side),
			Qty: t.Qty.String(), Price: t.Price.String(), Reason: strings.Join(reasons, "; ")})
	}
	return rep
}

func (t Trade) shown() string {
	if t.DateOnly {
		return t.Time.Format(time.DateOnly)
	}
	return t.Time.Format(time.RFC3339Nano)
}

func seriesOf(data pitwall.Source, symbol string) *pitwall.Series {
	for _, s := range data.Series() {
		if s.Instrument.Symbol == symbol {
			return s
		}
	}
	return nil
}

// prices are what bars say a price may have been.
type prices struct {
	low, high pitwall.Dec
	bars      int
	volume    float64 // of bars that say one
}

func (p *prices) add(b pitwall.Bar) {
	if p.bars == 0 {
		p.low, p.high = b.Low, b.High
	}
	p.low, p.high, p.bars, p.volume = min(p.low, b.Low), max(p.high, b.High), p.bars+1, p.volume+max(0, b.Volume)
}

func (p prices) String() string { return fmt.Sprintf("%v .. %v", p.low, p.high) }

// holds reports whether low x (1 - tolerance) <= price <= high x (1 + tolerance), where
// costs may have moved the price from inside the range.
func (p prices) holds(t Trade, o TradeOptions) bool {
	var a pitwall.Calc
	low, high := a.Sub(p.low, a.Bps(p.low, o.ToleranceBps)), a.Add(p.high, a.Bps(p.high, o.ToleranceBps))
	if t.Side == pitwall.Buy {
		high = a.Add(high, p.away(&a, p.high, t.taken, o.Costs))
	} else {
		low = a.Sub(low, p.away(&a, p.low, t.taken, o.Costs))
	}
	return p.bars > 0 && a.Err == nil && low <= t.Price && t.Price <= high
}

// away is how far costs move a price at most when so much was taken of the bars.
func (p prices) away(a *pitwall.Calc, ref, taken pitwall.Dec, c pitwall.Costs) pitwall.Dec {
	away := a.Add(a.Add(a.Bps(ref.Abs(), c.SlippageBps), c.SlippageEach), a.Div(c.Spread, 2*pitwall.One))
	if p.volume > 0 && c.Impact > 0 {
		volume, err := pitwall.FromFloat(p.volume)
		if err != nil {
			return away // the volume is so large that no quantity is a share of it
		}
		part := a.Div(taken, volume)
		away = a.Add(away, a.Mul(ref.Abs(), a.Mul(c.Impact, a.Mul(part, part))))
	}
	return away
}

// short says that a quantity is more than was traded at all; bars without a volume
// or with volume 0 (indices) say nothing.
func (p prices) short(qty pitwall.Dec) string {
	if p.volume == 0 || qty.Float() <= p.volume {
		return ""
	}
	return fmt.Sprintf("qty %v is more than the volume of %.0f", qty, p.volume)
}

// beside is how long before the first or after the last bar of a session a trade may be
// reported: the prints of auctions are.
const beside = time.Minute

// prints reports whether a time is in a bar, or next to it where no other bar follows.
func prints(s *pitwall.Series, i int, ns int64) bool {
	return ns >= s.Start[i] && ns <= s.End[i] ||
		ns < s.Start[i] && ns >= s.Start[i]-int64(beside) && (i == 0 || s.End[i-1] < ns) ||
		ns > s.End[i] && ns <= s.End[i]+int64(beside) && (i == s.Len()-1 || s.Start[i+1] > ns)
}

// unexplained says why no bar explains the trade's time and price, "" if one does.
func unexplained(t Trade, s *pitwall.Series, o TradeOptions) string {
	if s == nil || s.Len() == 0 {
		return "no data for " + t.Symbol
	}
	loc := s.Instrument.Location()
	byDay := t.DateOnly || s.Size >= 24*time.Hour && t.Time.Format("150405.999999999") == "000000"
	y, m, d := t.Time.In(loc).Date()
	if byDay {
		y, m, d = t.Time.Date() // as it is written
	}
	midnight, next := time.Date(y, m, d, 0, 0, 0, 0, loc), time.Date(y, m, d+1, 0, 0, 0, 0, loc)
	date := midnight.Format(time.DateOnly)
	var day, last prices
	var at, few string
	for i := range s.Len() {
		if spans(s, i, midnight, next) {
			day.add(s.Bar(i))
		}
		if t.DateOnly || !prints(s, i, t.Time.UnixNano()) {
			continue
		}
		b := s.Bar(i)
		last = prices{}
		last.add(b)
		at = b.Start.Format("2006-01-02 15:04")
		if last.holds(t, o) {
			if few = last.short(t.Qty); few == "" {
				return ""
			}
		}
	}
	switch {
	case few != "":
		return few
	case byDay && day.holds(t, o):
		return day.short(t.Qty)
	case day.bars == 0 && last.bars == 0:
		return "no bar of " + t.Symbol + " on " + date
	case byDay && day.bars > 0 && s.Size > 24*time.Hour:
		return fmt.Sprintf("price %v is outside the range %v of the bars that hold %s", t.Price, day, date)
	case byDay && day.bars > 0:
		return fmt.Sprintf("price %v is outside the day's range %v (%s)", t.Price, day, date)
	case last.bars > 0:
		return fmt.Sprintf("price %v is outside the bar's range %v (bar of %s)", t.Price, last, at)
	case day.holds(t, o):
		return fmt.Sprintf("no bar of %s at %s; price %v is inside the day's range %v", t.Symbol, t.Time.In(loc).Format("2006-01-02 15:04:05"), t.Price, day)
	}
	return fmt.Sprintf("no bar of %s at %s; price %v is outside even the day's range %v", t.Symbol, t.Time.In(loc).Format("2006-01-02 15:04:05"), t.Price, day)
}

// spans reports whether a bar is of a date from one midnight to the next: bars of a day or
// more are of each trading day that they hold, others of the one they start on.
func spans(s *pitwall.Series, i int, midnight, next time.Time) bool {
	if s.Size < 24*time.Hour {
		return s.Start[i] >= midnight.UnixNano() && s.Start[i] < next.UnixNano()
	}
	y, m, d := midnight.Date()
	date, in := time.Date(y, m, d, 0, 0, 0, 0, time.UTC), s.Instrument
	return !date.Before(in.Day(time.Unix(0, s.Start[i]))) && !date.After(in.Day(time.Unix(0, s.End[i]-1)))
}

// oversold finds the sales, by index, of more than was held. Splits of raw series
// scale what is held. A file that begins with the latest is read from its end.
func oversold(trades []Trade, data pitwall.Source, before map[string]pitwall.Dec) map[int]string {
	order := make([]int, len(trades))
	for i := range order {
		order[i] = i
	}
	if n := len(trades); n > 0 && trades[0].Time.After(trades[n-1].Time) {
		slices.Reverse(order)
	}
	slices.SortStableFunc(order, func(i, j int) int { return trades[i].Time.Compare(trades[j].Time) })
	over, held, done := map[int]string{}, map[string]pitwall.Dec{}, map[int]bool{}
	maps.Copy(held, before)
	actions := slices.Clone(data.Actions())
	slices.SortStableFunc(actions, func(a, b pitwall.Action) int { return a.Ex.Compare(b.Ex) })
	for k, a := range actions { // what was held then counts new units already
		done[k] = len(order) > 0 && a.Ex.Before(trades[order[0]].Time)
	}
	for _, i := range order {
		t := trades[i]
		until := t.Time
		if t.DateOnly {
			until = until.AddDate(0, 0, 1).Add(-1)
		}
		for k, a := range actions {
			s := seriesOf(data, a.Symbol)
			if done[k] || a.Symbol != t.Symbol || a.Type != split || a.Ex.After(until) || s == nil || s.Adjusted != pitwall.Raw {
				continue
			}
			done[k] = true
			if units, err := held[t.Symbol].MulDiv(a.Value, per(a)); err == nil {
				held[t.Symbol] = units
			}
		}
		switch {
		case t.Qty <= 0:
		case t.Side == pitwall.Buy:
			held[t.Symbol], _ = held[t.Symbol].Add(t.Qty)
		case t.Qty > held[t.Symbol]:
			over[i] = fmt.Sprintf("sold %v with %v held", t.Qty, held[t.Symbol])
			held[t.Symbol] = 0
		default:
			held[t.Symbol] -= t.Qty
		}
	}
	return over
}
