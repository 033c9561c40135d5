package risk

import "pitwall"

// The checks of what the account has lost. They stop orders that open or add; exits
// pass, and nothing is closed by itself.

func (t *trial) drawdown(limit pitwall.Dec) {
	t.lost(MaxDrawdown, "its peak", func(a *pitwall.Account) pitwall.Dec { return a.PeakEquity }, limit)
}

func (t *trial) dailyLoss(limit pitwall.Dec) {
	t.lost(MaxDailyLoss, "where the day began", func(a *pitwall.Account) pitwall.Dec { return a.DayEquity }, limit)
}

// lost limits how far equity is below an earlier one.
func (t *trial) lost(code pitwall.Code, name string, earlier func(*pitwall.Account) pitwall.Dec, limit pitwall.Dec) {
	if !t.counted() {
		return
	}
	from, now := earlier(t.s.Account), t.s.Account.Equity
	if from <= 0 {
		t.missing("equity at %s, which this broker does not tell", name)
		return
	}
	if down := t.calc.Sub(from, now); down > 0 && above(down, hundred, limit, from) {
		percent := t.calc.MulDiv(down, hundred, from)
		t.fail(code, percent.String(), "%", "equity %s is %v %% below %s (%s); limit %v %%", t.money(now), percent.Round(2), name, t.money(from), limit).Hint = "orders that only close or shrink positions pass"
	}
}
