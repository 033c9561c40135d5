package risk

import (
	"cmp"
	"fmt"
	"math/bits"
	"slices"
	"time"

	"pitwall"
)

// The codes of failed checks. Others are the root's: INVALID_NUMBER,
// UNKNOWN_SYMBOL, NO_REFERENCE_PRICE, BUYING_POWER, SHORT_NOT_ALLOWED, NO_BORROW.
const (
	Restricted          pitwall.Code = "INSTRUMENT_RESTRICTED" // R3
	Halted              pitwall.Code = "INSTRUMENT_HALTED"     // R4
	MaxOrderQty         pitwall.Code = "MAX_ORDER_QTY"         // R5
	MaxOrderNotional    pitwall.Code = "MAX_ORDER_NOTIONAL"    // R6
	PriceCollar         pitwall.Code = "PRICE_COLLAR"          // R7
	StalePrice          pitwall.Code = "STALE_PRICE"           // R8
	MaxPositionQty      pitwall.Code = "MAX_POSITION_QTY"      // R12
	MaxPositionNotional pitwall.Code = "MAX_POSITION_NOTIONAL" // R13
	GrossExposure       pitwall.Code = "GROSS_EXPOSURE"        // R14
	NetExposure         pitwall.Code = "NET_EXPOSURE"          // R15
	Leverage            pitwall.Code = "LEVERAGE"              // R16
	SymbolShare         pitwall.Code = "CONCENTRATION_SYMBOL"  // R17
	SectorShare         pitwall.Code = "CONCENTRATION_SECTOR"  // R18
	MaxParticipation    pitwall.Code = "MAX_PARTICIPATION"     // R11
	WashTrade           pitwall.Code = "WASH_TRADE"            // R24
	OrderRate           pitwall.Code = "ORDER_RATE"            // R25
	DailyTurnover       pitwall.Code = "TURNOVER_DAILY"        // R34
	MaxOpenOrders       pitwall.Code = "MAX_OPEN_ORDERS"       // R28
	DuplicateOrder      pitwall.Code = "DUPLICATE_ORDER"       // R29
	VaRES               pitwall.Code = "VAR_ES"                // R35
	TradingHours        pitwall.Code = "TRADING_HOURS"         // R36
	UnknownPending      pitwall.Code = "UNKNOWN_ORDER_PENDING" // R41
	MaxDrawdown         pitwall.Code = "MAX_DRAWDOWN"          // R32
	MaxDailyLoss        pitwall.Code = "MAX_DAILY_LOSS"        // R31
	ConsecutiveLosses   pitwall.Code = "CONSECUTIVE_LOSSES"    // R33
	MaxLoss             pitwall.Code = "MAX_LOSS"
	TrailingLoss        pitwall.Code = "TRAILING_LOSS"
	FillGap             pitwall.Code = "FILL_GAP"
	MinOrderNotional    pitwall.Code = "MIN_ORDER_NOTIONAL"
	Correlation         pitwall.Code = "CORRELATION"
	MaxPositions        pitwall.Code = "MAX_POSITIONS"
	MinRiskReward       pitwall.Code = "MIN_RISK_REWARD"
	PortfolioVolatility pitwall.Code = "PORTFOLIO_VOLATILITY"
	MissingInput        pitwall.Code = "CHECK_INPUT_MISSING"
)

// Snapshot is all that checks read. What is nil or not in a map is not known,
// and a check that needs it refuses; so the zero Snapshot lets little through.
type Snapshot struct {
	Now         time.Time
	Account     *pitwall.Account
	Open        []pitwall.OrderState // open orders of the book but Replaces; no orders is an empty slice
	Replaces    *pitwall.OrderState  // of a changed order: its old self
	Instruments map[string]pitwall.Instrument
	Last        map[string]pitwall.Bar   // newest known bars: the reference prices
	Bars        map[string][]pitwall.Bar // oldest first, for volatility
	Sent        []Submission             // what was sent lately, oldest first
	Unanswered  []Submission             // what got no answer when it was sent
	Fills       []pitwall.Fill           // of the book, oldest first; no fills is an empty slice
	Costs       *pitwall.Costs           // for buying power
	Breach      *Breach                  // that lasts
}

// Submission is an order that was sent, or a change of one.
type Submission struct {
	Time  time.Time
	Order pitwall.Order
	Money pitwall.Dec // its quantity at its worst price then

	Unpriced bool // no price was known, so Money is not
}

// Failure is one failed check.
type Failure struct {
	Code  pitwall.Code
	Key   string // of the limit; empty for checks that are always on
	Text  string // what happened, with the figures
	Hint  string // what would pass, if the check knows
	Check pitwall.Check

	sized bool // a smaller quantity may pass
}

// trial is one order being checked.
type trial struct {
	limits   Limits
	o        pitwall.Order
	s        Snapshot
	ref      pitwall.Dec // reference price of the symbol; 0 = none
	exit     bool
	row      row          // the check that runs
	calc     pitwall.Calc // its arithmetic
	failures []Failure
}

// Check returns every limit that an order fails, none when it may be sent. It is
// pure: it reads nothing but s.
func (l Limits) Check(o pitwall.Order, s Snapshot) []Failure { return l.check(o, s, 0) }

// check runs the rows that have all of the given properties.
func (l Limits) check(o pitwall.Order, s Snapshot, only when) []Failure {
	if l.none {
		return nil
	}
	rows := l.rows()
	t := &trial{limits: l, o: o, s: s, ref: s.Last[o.Symbol].Close}
	if open := l.unset(); len(open) > 0 {
		t.notSet(open, len(open) == len((&Limits{}).unset()))
		return t.failures
	}
	// Nothing can be computed with an order that fails these.
	t.numbers()
	t.known()
	if len(t.failures) > 0 {
		return t.failures
	}
	t.pending()
	t.exit = t.exits()
	t.lasting()
	saidNoPrice := false
	for _, r := range rows {
		switch {
		case r.state != set, r.when&(setting|fills) != 0, r.when&only != only, t.exit && r.when&exits == 0:
		case r.when&priced != 0 && (t.ref == 0 && s.Last[o.Symbol].Known.IsZero() || t.ref <= 0 && !t.exit):
			if !saidNoPrice { // once for all rows that need it
				t.noPrice(r)
			}
			saidNoPrice = true
		default:
			t.run(r)
		}
	}
	return t.failures
}

// run does one check and completes what it says.
func (t *trial) run(r row) {
	before := len(t.failures)
	t.row, t.calc = r, pitwall.Calc{}
	r.check(t)
	if t.calc.Err != nil {
		t.failures = t.failures[:before]
		t.fail(pitwall.InvalidNumber, "too large", "", "%s: %v", r.key, t.calc.Err)
	}
	for i := range t.failures[before:] {
		f := &t.failures[before+i]
		f.Key, f.sized = r.key, r.when&sized != 0 && f.Code != MissingInput
		f.Check.Limit = cmp.Or(f.Check.Limit, r.text)
	}
}

// fail adds a failure; its limit is the row's unless the caller sets another.
func (t *trial) fail(code pitwall.Code, observed, unit, format string, args ...any) *Failure {
	t.failures = append(t.failures, Failure{Code: code, Text: fmt.Sprintf(format, args...), Check: pitwall.Check{Name: string(code), Observed: observed, Unit: unit}})
	return &t.failures[len(t.failures)-1]
}

// missing refuses because the check that runs lacks an input.
func (t *trial) missing(format string, args ...any) {
	t.fail(MissingInput, "missing", "", "%s needs %s", t.row.key, fmt.Sprintf(format, args...))
}

// sent returns the submissions that the row looks back on, oldest first.
func (t *trial) sent() []Submission {
	if t.row.sent == 0 {
		t.missing("a look-back on submissions: its row states none")
	}
	i := slices.IndexFunc(t.s.Sent, func(s Submission) bool { return t.s.Now.Sub(s.Time) < t.row.sent })
	if i < 0 {
		return nil
	}
	return t.s.Sent[i:]
}

// bars returns the bars of a symbol that the row looks back on, oldest first.
func (t *trial) bars(symbol string) []pitwall.Bar {
	if t.row.bars == 0 {
		t.missing("a look-back on bars: its row states none")
	}
	bars := t.s.Bars[symbol]
	i := slices.IndexFunc(bars, func(b pitwall.Bar) bool { return b.Known.After(t.s.Now.Add(-t.row.bars)) })
	if i < 0 {
		return nil
	}
	return bars[i:]
}

func (t *trial) notSet(keys []string, all bool) {
	if all {
		t.fail(pitwall.NotAllowed, "no limits", "", "no limits are set, so nothing may be sent")
		return
	}
	for _, k := range keys {
		t.fail(pitwall.NotAllowed, "not set", "", "%s is neither set nor off", k).Key = k
	}
}

// numbers refuses what cannot be computed with (R1).
func (t *trial) numbers() {
	o := t.o
	if o.ID == "" {
		t.fail(pitwall.InvalidInput, "", "", "an order needs an id: it is its identity")
	}
	if o.Side != pitwall.Buy && o.Side != pitwall.Sell {
		t.fail(pitwall.InvalidInput, string(o.Side), "", "side is %q, not buy or sell", o.Side)
	}
	// 0 is "not given" for every number but the quantity and an order's own price.
	oco := o.Class == pitwall.OCO
	least := func(needed bool) pitwall.Dec {
		if needed && !oco {
			return 1
		}
		return 0
	}
	test := func(field string, v, least pitwall.Dec) {
		if v < least {
			t.fail(pitwall.InvalidNumber, v.String(), "", "%s=%v is not a finite number > 0", field, v).Check.Limit = "> 0"
		}
	}
	test("qty", o.Qty, 1)
	test("limit", o.Limit, least(o.Type == pitwall.LimitOrder || o.Type == pitwall.StopLimit))
	test("stop", o.Stop, least(o.Type == pitwall.StopOrder || o.Type == pitwall.StopLimit))
	test("trail", o.Trail, 0)
	test("trail_percent", o.TrailPercent, 0)
	for _, leg := range o.Legs {
		name := string(leg.Role) + " "
		test(name+"limit", leg.Limit, 0)
		test(name+"stop", leg.Stop, 0)
		test(name+"percent", leg.Percent, 0)
		test(name+"trail", leg.Trail, 0)
		test(name+"trail_percent", leg.TrailPercent, 0)
	}
}

// known refuses a symbol that is not there (R2).
func (t *trial) known() {
	if t.s.Instruments == nil {
		t.fail(MissingInput, "missing", "", "every check needs the instruments of this world")
		return
	}
	if _, ok := t.s.Instruments[t.o.Symbol]; !ok {
		t.fail(pitwall.UnknownSymbol, t.o.Symbol, "", "%s is not in the universe as of %s", t.o.Symbol, t.time(t.s.Now)).Hint = "market_last_price without symbols says what there is"
	}
}

// noPrice refuses because a check needs a price that is unknown or not above 0 (R9).
func (t *trial) noPrice(r row) {
	f := t.fail(pitwall.NoPrice, "missing", "", "no price for %s from known bars as of %s", t.o.Symbol, t.time(t.s.Now))
	f.Key, f.Hint, f.Check.Limit = r.key, "wait for its first bar", r.text
	if bar := t.s.Last[t.o.Symbol]; !bar.Known.IsZero() {
		f.Check.Observed, f.Text = t.ref.String(), fmt.Sprintf("the last price of %s is %v: limits in money and percent cannot be tested at 0 or below", t.o.Symbol, t.ref)
		f.Hint = "only orders that close a position pass; wait for a price above 0"
	}
}

// instrument is the order's.
func (t *trial) instrument() pitwall.Instrument { return t.s.Instruments[t.o.Symbol] }

// currency is that of the order's instrument, without an order the account's.
func (t *trial) currency() string {
	if t.o.Symbol == "" && t.s.Account != nil {
		return t.s.Account.Currency
	}
	return t.instrument().Currency
}

// time shows an instant where the order's symbol trades.
func (t *trial) time(at time.Time) string {
	return at.In(t.instrument().Location()).Format(time.RFC3339)
}

// above reports whether a x b > c x d, exactly. None is below 0.
func above(a, b, c, d pitwall.Dec) bool {
	hi1, lo1 := bits.Mul64(uint64(a), uint64(b))
	hi2, lo2 := bits.Mul64(uint64(c), uint64(d))
	return hi1 > hi2 || hi1 == hi2 && lo1 > lo2
}
