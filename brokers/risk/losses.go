package risk

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"pitwall"
)

// The checks of what the account has lost. They stop orders that open or add; exits
// pass, and nothing is closed by itself. With Then a loss beyond the limit lasts, see
// [Guard.Watch].

// Loss is how far equity may fall, in percent of what it is compared with.
type Loss struct {
	Percent pitwall.Dec
	From    string // of a daily loss: equity or balance; of a trailing one: bar or day; else empty
	Lock    bool   // of a trailing one: its floor stops at the start
	Then    Then
}

// Then is what a breach does beyond denying while it lasts.
type Then string

// What a breach does, from least to most.
const (
	ThenAlert      Then = "alert"       // a warning in the journal; of fills alone
	ThenReduceOnly Then = "reduce_only" // from then on only exits pass
	ThenHalt       Then = "halt"        // from then on only cancels pass
)

// text is the loss as a strategy file says it.
func (l Loss) text() string {
	text := l.Percent.String()
	if l.From != "" {
		text += " from " + l.From
	}
	if l.Lock {
		text += ", lock"
	}
	if l.Then != "" {
		text += ", then " + string(l.Then)
	}
	return text
}

// losses is the form of a loss: what a breach may do that lasts, and what it may be
// compared with, the usual one first.
func losses(then []Then, from ...string) form[Loss] {
	keys := []string{"limit", "then"}
	if len(from) > 0 {
		keys = append(keys, "from")
	}
	if slices.Contains(from, "day") {
		keys = append(keys, "lock")
	}
	return form[Loss]{text: Loss.text, read: func(raw any) (l Loss, err error) {
		if l.Then = then[0]; len(from) > 0 {
			l.From = from[0]
		}
		if _, ok := raw.(map[string]any); !ok {
			l.Percent, err = readNumber(raw)
			return l, err
		}
		m, err := mapping(raw, "{limit: 5, then: halt}", keys...)
		if err != nil {
			return l, err
		}
		if l.Percent, err = readNumber(m["limit"]); err != nil {
			return l, fmt.Errorf("limit %w", err)
		}
		if v, given := m["from"]; given {
			if l.From, err = readWord(v, from...); err != nil {
				return l, fmt.Errorf("from %w", err)
			}
		}
		if v, given := m["lock"]; given {
			if l.Lock, err = readBool(v); err != nil {
				return l, fmt.Errorf("lock %w", err)
			}
		}
		if v, given := m["then"]; given {
			l.Then, err = readThen(v, then)
		}
		return l, err
	}}
}

// readThen reads what a breach does that lasts.
func readThen(raw any, then []Then) (Then, error) {
	t, err := readWord(raw, slices.DeleteFunc(slices.Clone(then), func(t Then) bool { return t == "" })...)
	if err != nil {
		return "", fmt.Errorf("then %w", err)
	}
	return t, nil
}

// readWord reads one of a few words.
func readWord[T ~string](raw any, words ...T) (T, error) {
	text, _ := raw.(string)
	if slices.Contains(words, T(text)) {
		return T(text), nil
	}
	return "", fmt.Errorf("is %s: write %s", show(raw), strings.Trim(strings.ReplaceAll(fmt.Sprint(words), " ", " or "), "[]"))
}

func (t *trial) drawdown(limit Loss) {
	if t.counted() {
		t.lost(MaxDrawdown, "its peak", t.s.Account.PeakEquity, t.s.Account.Equity, limit.Percent)
	}
}

// dailyLossKey is the key of the limit that begins anew each day.
const dailyLossKey = "max_daily_loss_percent"

// dailyLoss lasts until the day ends: the day's lowest equity counts.
func (t *trial) dailyLoss(limit Loss) {
	if !t.counted() {
		return
	}
	a := t.s.Account
	from, name := a.DayEquity, "where the day began"
	if limit.From == "balance" {
		from, name = a.DayBalance, "the balance with which the day began"
	}
	t.lost(MaxDailyLoss, name, from, min(a.Equity, cmp.Or(a.DayLow, a.Equity)), limit.Percent)
}

func (t *trial) totalLoss(limit Loss) {
	if t.counted() {
		t.lost(MaxLoss, "the start", t.s.Account.Start, t.s.Account.Equity, limit.Percent)
	}
}

// lost limits how far equity is below an earlier one.
func (t *trial) lost(code pitwall.Code, name string, from, now, limit pitwall.Dec) {
	if from <= 0 {
		t.missing("equity at %s, which this broker does not tell", name)
		return
	}
	if down := t.calc.Sub(from, now); down > 0 && above(down, hundred, limit, from) {
		percent, is := t.calc.MulDiv(down, hundred, from), "is"
		if now != t.s.Account.Equity {
			is = "was"
		}
		t.breached(code, percent, limit, "equity %s %s %v %% below %s (%s); limit %v %%", t.money(now), is, percent.Round(2), name, t.money(from), limit)
	}
}

// trailingLoss limits how far equity is below its highest, in percent of the start: at
// the end of a bar, or of a day. With Lock the floor rises to the start and no farther.
func (t *trial) trailingLoss(limit Loss) {
	if !t.counted() {
		return
	}
	a := t.s.Account
	top, name := a.PeakEquity, "highest equity"
	if limit.From == "day" {
		top, name = a.DayPeak, "highest end of a day"
	}
	if a.Start <= 0 || top <= 0 {
		t.missing("start and %s, which this broker does not tell", name)
		return
	}
	floor := t.calc.Sub(top, t.calc.MulDiv(a.Start, limit.Percent, hundred))
	why := fmt.Sprintf("%s %s less %v %% of the start %s", name, t.money(top), limit.Percent, t.money(a.Start))
	if limit.Lock && floor > a.Start {
		floor, why = a.Start, "the start, where it is locked"
	}
	if a.Equity < floor {
		f := t.breached(TrailingLoss, a.Equity, floor, "equity %s is below the floor %s: %s", t.money(a.Equity), t.money(floor), why)
		f.Check.Unit = t.currency()
	}
}

// breached adds the failure of a loss.
func (t *trial) breached(code pitwall.Code, observed, limit pitwall.Dec, format string, args ...any) *Failure {
	f := t.fail(code, observed.String(), "%", format, args...)
	f.Check.Limit, f.Hint = limit.String(), "orders that only close or shrink positions pass"
	return f
}
