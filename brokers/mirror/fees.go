package mirror

import (
	"context"
	"maps"
	"slices"
	"time"

	"pitwall"
)

// The fees that a broker takes out of what a fill brings, as Alpaca does of crypto: coins of
// a purchase, money of a sale. Its fills do not say them. So what the account has less than
// the journal counts as a fee, up to Config.Fee of what was bought or sold since the run
// began; what is beyond differs. A purchase's fee is journaled as a sale of the coins at
// their price whose money is the fee, so that every reader of fills has the right position.

const (
	coinFee = "coin_fee" // a flow, and the rule of the fill before it
	saleFee = "sale_fee" // a flow that the broker has not named yet
	named   = "cfee"     // the broker's own flow

	firstDays = 48 * time.Hour // of a run: the broker names a day's fees at its end
)

// fees are what may be taken and what was, by the journal.
type fees struct {
	mayTake, took map[string]pitwall.Dec // coins, by symbol
	price         map[string]pitwall.Dec // of the newest fill
	owed          pitwall.Dec            // money of a coin fee whose flow is not journaled yet
	owes          string                 // its symbol

	mayTakeCash, booked, named pitwall.Dec // money of sales: booked by this program, named by the broker
	early                      pitwall.Dec // named while it may be of sales before the run, whose fees the first cash holds
}

func newFees() fees {
	return fees{mayTake: map[string]pitwall.Dec{}, took: map[string]pitwall.Dec{}, price: map[string]pitwall.Dec{}}
}

// takeFeeOf notes what a fill lets the broker take, or that it is a fee itself; money and
// qty are below 0 of a sale. The caller holds mu.
func (m *Mirror) takeFeeOf(c *pitwall.Calc, f pitwall.Fill, money, qty pitwall.Dec) {
	m.fees.price[f.Symbol] = f.Price
	switch {
	case f.Rule == coinFee:
		m.fees.owed, m.fees.owes = c.Sub(m.fees.owed, money), f.Symbol
		m.fees.took[f.Symbol] = c.Sub(m.fees.took[f.Symbol], qty)
	case m.cfg.Fee == nil || f.ID == f.OrderID || m.cfg.Fee(f.Symbol) <= 0:
	case f.Side == pitwall.Buy: // rounded up to the smallest coin
		m.fees.mayTake[f.Symbol] = c.Add(m.fees.mayTake[f.Symbol], c.Add(c.Mul(f.Qty, m.cfg.Fee(f.Symbol)), 1))
	default: // rounded up to a cent
		m.fees.mayTakeCash = c.Add(m.fees.mayTakeCash, c.Add(c.Mul(-money, m.cfg.Fee(f.Symbol)), pitwall.One/100))
	}
}

// takeFeeFlow notes a flow that is a fee. The caller holds mu.
func (m *Mirror) takeFeeFlow(f pitwall.CashFlow) {
	switch f.Type {
	case coinFee:
		m.fees.owed += f.Amount
	case saleFee:
		m.fees.booked -= f.Amount
	case named:
		if m.fees.named -= f.Amount; f.Time.Before(m.begun.Add(firstDays)) {
			m.fees.early -= f.Amount
		}
	}
}

// isFee reports whether what the account has of a symbol differs from the journal by a fee
// alone. The caller holds mu.
func (m *Mirror) isFee(symbol string, has pitwall.Dec) bool {
	took := m.fees.took[symbol] + m.held[symbol] - has
	return took >= 0 && took <= m.fees.mayTake[symbol]
}

// cashFee is the part of missing money that fees of sales explain; below 0 where what was
// booked came back, or where what was named is of sales before the run. The caller holds mu.
func (m *Mirror) cashFee(missing pitwall.Dec) pitwall.Dec {
	return min(max(missing, -max(0, m.fees.booked+m.fees.early)), max(0, m.fees.mayTakeCash-m.fees.booked-m.fees.named))
}

// bookFees journals the fees that the account shows.
func (m *Mirror) bookFees(ctx context.Context, at time.Time) error {
	if err := m.bookCoins(ctx, at); err != nil {
		return err
	}
	m.mu.Lock()
	money := m.cashFee(m.cash - m.account.Cash)
	m.mu.Unlock()
	if money == 0 {
		return nil
	}
	return m.flow(ctx, at, saleFee, -money)
}

// bookCoins journals the fees in coins, of the symbols that differ by a fee alone.
func (m *Mirror) bookCoins(ctx context.Context, at time.Time) error {
	type fee struct {
		symbol     string
		qty, price pitwall.Dec
	}
	var list []fee
	m.mu.Lock()
	for _, symbol := range slices.Sorted(maps.Keys(m.fees.mayTake)) {
		if has := m.account.Held(symbol); m.isFee(symbol, has) {
			list = append(list, fee{symbol, has - m.held[symbol], m.fees.price[symbol]})
		}
	}
	m.mu.Unlock()
	for _, f := range list {
		if err := m.enter(ctx, at, f.symbol, f.qty, f.price, coinFee); err != nil {
			return err
		}
		if err := m.payFees(ctx, at); err != nil {
			return err
		}
	}
	return nil
}

// payFees journals the flow of coin fees, also of one that an earlier process did not live to
// journal.
func (m *Mirror) payFees(ctx context.Context, at time.Time) error {
	m.mu.Lock()
	f := pitwall.CashFlow{Time: at, Symbol: m.fees.owes, Type: coinFee, Amount: -m.fees.owed}
	m.mu.Unlock()
	if f.Amount == 0 {
		return nil
	}
	return m.append(ctx, pitwall.Entry{AsOf: at, Kind: pitwall.EntryCash, Book: pitwall.MainBook, Flow: &f})
}
