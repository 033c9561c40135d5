package risk

import (
	"fmt"
	"strings"
	"time"

	"pitwall"
)

// Limit is one limit. The zero value refuses every order; [At] sets it and [Off]
// says that there is none.
type Limit[T any] struct {
	value T
	state state
}

type state int

const (
	unset state = iota // refuses
	set
	off
)

// At is a limit at v.
func At[T any](v T) Limit[T] { return Limit[T]{value: v, state: set} }

// Off says explicitly that there is no limit.
func Off[T any]() Limit[T] { return Limit[T]{state: off} }

// Rate is a number of submissions in a stretch of the world's time.
type Rate struct {
	Count int
	Per   time.Duration
}

// text is the rate as a strategy file says it.
func (r Rate) text() string { return fmt.Sprintf("%d per %s", r.Count, showDuration(r.Per)) }

// Streak is a number of losing trades in a row in a stretch of the world's time.
type Streak struct {
	Rate
	Then Then
}

// Measured is a limit of a statistic over the last Days days.
type Measured struct {
	Limit pitwall.Dec
	Days  int
}

// Limits is what a trader may do. The zero value refuses every order, and so does
// any field that is neither set nor off. Percents are percents: 10 is 10 %.
type Limits struct {
	none bool

	// What is no limit itself; all may be left unset.
	OverLimit     Limit[string] // deny (the default) or trim
	UnknownSector Limit[string] // of symbols without a sector, under MaxSectorPercent: count (the default) or pass
	SafeMode      Limit[bool]   // see [Limits.Safe]

	Allow, Deny Limit[[]string] // only these symbols; none of these
	Halted      Limit[bool]     // true: a symbol whose newest bar has no volume is halted

	MaxOrderQty        Limit[pitwall.Dec]
	MaxOrderNotional   Limit[pitwall.Dec]
	MinOrderNotional   Limit[pitwall.Dec]
	MaxParticipation   Limit[Measured]      // percent of the mean volume of a day
	TradingHours       Limit[bool]          // true: only in the symbol's session
	WashTrade          Limit[bool]          // false: no order that would meet one of its own
	PriceCollarPercent Limit[pitwall.Dec]   // of the reference
	StalePrice         Limit[time.Duration] // age of the reference

	MaxPositionQty      Limit[pitwall.Dec]
	MaxPositionNotional Limit[pitwall.Dec]
	MaxGrossPercent     Limit[pitwall.Dec] // this and the next ones: of equity
	MaxNetPercent       Limit[pitwall.Dec]
	MaxLeverage         Limit[pitwall.Dec] // gross exposure as a multiple of equity
	MaxSymbolPercent    Limit[pitwall.Dec]
	MaxSectorPercent    Limit[pitwall.Dec]

	BuyingPower Limit[bool]     // true: tested here too, not by the venue alone
	AllowShort  Limit[bool]     // false: no position below 0
	NoBorrow    Limit[[]string] // symbols that cannot be shorted

	MaxOrders       Limit[Rate]
	MaxOpenOrders   Limit[int]
	MaxTurnover     Limit[pitwall.Dec] // percent of equity sent in 24 hours
	DuplicateWindow Limit[time.Duration]

	MaxDrawdown     Limit[Loss] // fall of equity from its peak, in percent of the peak
	MaxDailyLoss    Limit[Loss] // fall of equity since the day began, in percent
	MaxLoss         Limit[Loss] // fall of equity from the start, in percent of that
	MaxTrailingLoss Limit[Loss] // fall of equity from its highest, in percent of the start
	MaxLossesInARow Limit[Streak]
	MaxFillGap      Limit[Loss] // how much worse than expected a fill may be, in percent

	MaxPositions  Limit[int] // symbols held or being entered
	MinRiskReward Limit[pitwall.Dec]
	MaxVolatility Limit[Measured] // percent a year

	MaxCorrelation     Limit[Measured] // of the order's symbol with the rest of the portfolio
	MaxMeanCorrelation Limit[Measured] // of all pairs of symbols
	MaxVaR             Limit[Measured] // percent of equity: a day's loss that 95 % of days stay below
	MaxShortfall       Limit[Measured] // percent of equity: the mean loss of the worst 5 % of days
}

// NoLimits returns limits that refuse nothing; the venue's own tests (buying
// power, shorting, lots) remain. It is never implied.
func NoLimits() Limits { return Limits{none: true} }

// String names every limit that is set, for manifests.
func (l Limits) String() string {
	if l.none {
		return "no limits"
	}
	if open := l.unset(); len(open) == len((&Limits{}).unset()) {
		return "nothing allowed"
	} else if len(open) > 0 {
		return "nothing allowed: " + strings.Join(open, ", ") + " neither set nor off"
	}
	var parts []string
	for _, r := range l.rows() {
		if r.state == set {
			parts = append(parts, r.key+" "+r.text)
		}
	}
	if len(parts) == 0 {
		return "every limit off"
	}
	return strings.Join(parts, "; ")
}

// Values returns each limit that is set, by its key, as a strategy file says it.
func (l Limits) Values() map[string]string {
	values := map[string]string{}
	for _, r := range l.rows() {
		if r.state == set {
			values[r.key] = r.text
		}
	}
	return values
}

// unset lists the keys of limits that are neither set nor off.
func (l Limits) unset() []string {
	var list []string
	for _, r := range l.rows() {
		if r.state == unset && r.when&setting == 0 {
			list = append(list, r.key)
		}
	}
	return list
}

// Keys lists the keys of a strategy file's risk section.
func Keys() (list []string) {
	var l Limits
	for _, r := range l.rows() {
		list = append(list, r.key)
	}
	return list
}

// Symbols lists every symbol that the limits name, so that a misspelled one can be
// found before it protects nothing.
func (l Limits) Symbols() []string {
	var list []string
	for _, r := range l.rows() {
		if r.state == set {
			list = append(list, r.symbols...)
		}
	}
	return list
}

// Get returns a limit's value, and whether it is set.
func (l Limit[T]) Get() (T, bool) { return l.value, l.state == set }
