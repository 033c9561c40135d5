package risk

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"pitwall"
)

// row is one limit of [Limits]: its key, what is set, and its check.
type row struct {
	key   string
	when  when
	state state
	text  string          // the limit as a strategy file says it
	read  func(any) error // sets the limit from a strategy file's value
	off   func()
	check func(*trial)

	symbols []string // that the limit names
	then    Then     // what a breach does that lasts
	// How far back the check looks. The guard keeps submissions and reads bars and
	// fills as far back as the row that looks farthest; a check that looks back without
	// saying so here refuses.
	sent, bars, fills time.Duration
}

// looks states how far back a row's check reads submissions and bars; 0 is not
// at all.
func (r row) looks(sent, bars time.Duration) row {
	r.sent, r.bars = sent, bars
	return r
}

// looksAtFills states how far back a row's check reads fills.
func (r row) looksAtFills(fills time.Duration) row {
	r.fills = fills
	return r
}

// lookBack returns how far back the limits that are set read submissions, bars and
// fills.
func (l *Limits) lookBack() (sent, bars, fills time.Duration) {
	for _, r := range l.rows() {
		if r.state == set {
			sent, bars, fills = max(sent, r.sent), max(bars, r.bars), max(fills, r.fills)
		}
	}
	return sent, bars, fills
}

// when says which orders a check is about.
type when int

const (
	exits   when = 1 << iota // exits are checked too
	priced                   // needs the symbol's reference price
	sized                    // a smaller quantity may pass, so the hint says which
	fills                    // about what was filled, not about an order
	setting                  // no limit: it says how limits act
)

// rows is the table of limits, in the order in which they are checked and reported.
func (l *Limits) rows() []row {
	number := form[pitwall.Dec]{read: readNumber, text: pitwall.Dec.String}
	count := form[int]{read: readCount, text: strconv.Itoa}
	duration := form[time.Duration]{read: readDuration, text: showDuration}
	symbols := form[[]string]{read: readSymbols, text: func(list []string) string { return "[" + strings.Join(list, ", ") + "]" }}
	rate := form[Rate]{read: readRate, text: Rate.text}
	over := func(days, least int) form[Measured] {
		return form[Measured]{read: func(raw any) (Measured, error) { return readMeasured(raw, days, least) }, text: func(m Measured) string { return fmt.Sprintf("%v over %d days", m.Limit, m.Days) }}
	}
	returns, tail := over(defaultDays, leastReturns), over(defaultTail, leastTail)
	word := func(usual, other string) form[string] {
		return form[string]{read: func(raw any) (string, error) { return readWord(raw, usual, other) }, text: strings.Clone, off: func(v string) bool { return v != other }, bare: true}
	}
	lasts := []Then{"", ThenReduceOnly, ThenHalt}
	return []row{
		bind("allow", exits, &l.Allow, symbols, (*trial).allow),
		bind("deny", exits, &l.Deny, symbols, (*trial).deny),
		bind("halted", exits|priced, &l.Halted, only(true), (*trial).halted),
		bind("max_order_qty", exits|sized, &l.MaxOrderQty, number, (*trial).orderQty),
		bind("max_order_notional", exits|priced|sized, &l.MaxOrderNotional, number, (*trial).orderNotional),
		bind("min_order_notional", priced, &l.MinOrderNotional, number, (*trial).minNotional),
		bind("max_participation_percent", sized, &l.MaxParticipation, over(defaultVolume, 1), (*trial).participation).looks(0, l.MaxParticipation.value.span()),
		bind("trading_hours", exits, &l.TradingHours, only(true), (*trial).tradingHours),
		bind("wash_trade", exits, &l.WashTrade, only(false), (*trial).washTrade),
		bind("price_collar_percent", exits|priced, &l.PriceCollarPercent, number, (*trial).collar),
		bind("stale_price", exits|priced, &l.StalePrice, duration, (*trial).stale),
		bind("max_position_qty", sized, &l.MaxPositionQty, number, (*trial).positionQty),
		bind("max_position_notional", priced|sized, &l.MaxPositionNotional, number, (*trial).positionNotional),
		bind("max_gross_percent", priced|sized, &l.MaxGrossPercent, number, (*trial).gross),
		bind("max_net_percent", priced|sized, &l.MaxNetPercent, number, (*trial).net),
		bind("max_leverage", priced|sized, &l.MaxLeverage, number, (*trial).leverage),
		bind("max_symbol_percent", priced|sized, &l.MaxSymbolPercent, number, (*trial).symbolShare),
		bind("max_sector_percent", priced|sized, &l.MaxSectorPercent, number, func(t *trial, limit pitwall.Dec) { t.sectorShare(limit, l.UnknownSector.value == pass) }),
		bind("buying_power", priced|sized, &l.BuyingPower, only(true), (*trial).buyingPower),
		bind("allow_short", sized, &l.AllowShort, only(false), (*trial).short),
		bind("no_borrow", sized, &l.NoBorrow, symbols, (*trial).borrow),
		bind("max_orders", exits, &l.MaxOrders, rate, (*trial).rate).looks(l.MaxOrders.value.Per, 0),
		bind("max_turnover_percent", priced|sized, &l.MaxTurnover, number, (*trial).turnover).looks(day, 0),
		bind("max_open_orders", exits, &l.MaxOpenOrders, count, (*trial).openOrders),
		bind("duplicate_window", exits, &l.DuplicateWindow, duration, (*trial).duplicate).looks(l.DuplicateWindow.value, 0),
		bind("max_drawdown_percent", 0, &l.MaxDrawdown, losses(lasts), (*trial).drawdown),
		bind(dailyLossKey, 0, &l.MaxDailyLoss, losses(lasts, "equity", "balance"), (*trial).dailyLoss),
		bind("max_loss_percent", 0, &l.MaxLoss, losses(lasts), (*trial).totalLoss),
		bind("max_trailing_loss_percent", 0, &l.MaxTrailingLoss, losses(lasts, "bar", "day"), (*trial).trailingLoss),
		bind("max_consecutive_losses", 0, &l.MaxLossesInARow, streaks(lasts), (*trial).lossesInARow).looksAtFills(l.MaxLossesInARow.value.Per),
		bind("max_fill_gap_percent", fills, &l.MaxFillGap, losses([]Then{ThenAlert, ThenReduceOnly, ThenHalt}), nil),
		bind("max_positions", 0, &l.MaxPositions, count, (*trial).positions),
		bind("min_risk_reward", priced, &l.MinRiskReward, number, (*trial).riskReward),
		bind("max_volatility_percent", priced, &l.MaxVolatility, returns, (*trial).volatility).looks(0, l.MaxVolatility.value.span()),
		bind("max_correlation", priced, &l.MaxCorrelation, returns, (*trial).correlation).looks(0, l.MaxCorrelation.value.span()),
		bind("max_mean_correlation", priced, &l.MaxMeanCorrelation, returns, (*trial).meanCorrelation).looks(0, l.MaxMeanCorrelation.value.span()),
		bind("max_var_percent", priced, &l.MaxVaR, tail, (*trial).valueAtRisk).looks(0, l.MaxVaR.value.span()),
		bind("max_shortfall_percent", priced, &l.MaxShortfall, tail, (*trial).shortfall).looks(0, l.MaxShortfall.value.span()),
		bind("over_limit", setting, &l.OverLimit, word("deny", trim), nil),
		bind("unknown_sector", setting, &l.UnknownSector, word("count", pass), nil),
		bind("safe_mode", setting, &l.SafeMode, only(true), nil),
	}
}

// form is how a kind of limit is read from a strategy file and written again.
type form[T any] struct {
	read func(any) (T, error)
	text func(T) string
	off  func(T) bool // a value that limits nothing; may be nil
	bare bool         // "off" is refused: it could be read as its opposite
}

func bind[T any](key string, w when, l *Limit[T], f form[T], check func(*trial, T)) row {
	var symbols []string
	var then Then
	switch v := any(l.value).(type) {
	case []string:
		symbols = v
	case Loss:
		then = v.Then
	case Streak:
		then = v.Then
	}
	return row{key: key, when: w, state: l.state, text: f.text(l.value), symbols: symbols, then: then,
		off: func() { *l = Off[T]() },
		read: func(raw any) error {
			if raw == "off" && !f.bare {
				*l = Off[T]()
				return nil
			}
			v, err := f.read(raw)
			if err != nil {
				return err
			}
			if *l = At(v); f.off != nil && f.off(v) {
				*l = Off[T]()
			}
			return nil
		},
		check: func(t *trial) { check(t, l.value) },
	}
}
