package alpaca

import (
	"context"
	"strings"

	sdk "github.com/alpacahq/alpaca-trade-api-go/v3/alpaca"

	"pitwall"
	"pitwall/cache/calendar"
)

// Account implements pitwall.Broker. Alpaca does not say what was realized or put in:
// Start is the equity when this process first read it, and Realized what makes the sum
// right. PeakEquity is 0, since Alpaca cannot tell; DayEquity is the last session's close.
// Reserved is cash less what is free of margin.
func (b *Broker) Account(ctx context.Context, book string) (pitwall.Account, error) {
	if book != "" && book != pitwall.MainBook {
		return pitwall.Account{}, pitwall.Errorf(pitwall.Unsupported, "book %q: an account at Alpaca is one book, %s", book, pitwall.MainBook)
	}
	x, err := b.client(ctx).GetAccount()
	if err != nil {
		return pitwall.Account{}, readError("reading the account", err)
	}
	if x.Status == "" || x.Currency == "" {
		return pitwall.Account{}, pitwall.Errorf(pitwall.Timeout, "Alpaca's answer is no account")
	}
	positions, err := b.positions(ctx)
	if err != nil {
		return pitwall.Account{}, err
	}
	a := pitwall.Account{Book: pitwall.MainBook, Type: pitwall.MarginAccount, Currency: x.Currency, Cash: dec(x.Cash), Equity: dec(x.Equity), BuyingPower: dec(x.BuyingPower), Initial: dec(x.InitialMargin),
		Maintenance: dec(x.MaintenanceMargin), Positions: positions, Marks: pitwall.Marks{DayEquity: dec(x.LastEquity)}}
	if dec(x.Multiplier) == pitwall.One {
		a.Type, a.Initial, a.Maintenance = pitwall.CashAccount, 0, 0
	}
	a.Reserved = max(0, a.Cash-dec(x.NonMarginBuyingPower))
	if x.TradingBlocked || x.AccountBlocked || x.TradeSuspendedByUser {
		a.BuyingPower = 0
	}
	for _, p := range positions {
		a.Unrealized += p.Unrealized
	}
	b.mu.Lock()
	if b.start == 0 {
		b.start = a.Equity
	}
	a.Start = b.start
	b.mu.Unlock()
	a.Realized = a.Equity - a.Start - a.Unrealized
	return a, nil
}

// AccountID returns the account's number and id, to compare with what a person typed.
func (b *Broker) AccountID(ctx context.Context) (number, id string, err error) {
	x, err := b.client(ctx).GetAccount()
	if err != nil {
		return "", "", readError("reading the account", err)
	}
	return x.AccountNumber, x.ID, nil
}

func (b *Broker) positions(ctx context.Context) ([]pitwall.Position, error) {
	got, err := b.client(ctx).GetPositions()
	if err != nil {
		return nil, readError("reading positions", err)
	}
	list := make([]pitwall.Position, 0, len(got))
	for _, p := range got {
		x := pitwall.Position{Symbol: b.symbol(p.Symbol, p.AssetClass == sdk.Crypto), Qty: dec(p.Qty), AvgPrice: dec(p.AvgEntryPrice), Cost: dec(p.CostBasis), Last: decOf(p.CurrentPrice), LastTime: b.cfg.Now(), Value: decOf(p.MarketValue), Unrealized: decOf(p.UnrealizedPL)}
		if p.Side == "short" {
			x.Qty, x.Value, x.Cost = -x.Qty.Abs(), -x.Value.Abs(), -x.Cost.Abs()
		}
		x.Notional = x.Value
		list = append(list, x)
	}
	return list, nil
}

// symbol is a symbol as orders spell it: crypto positions lack the slash.
func (b *Broker) symbol(text string, crypto bool) string {
	if _, ok := b.instruments[text]; ok || strings.Contains(text, "/") {
		return text
	}
	for s := range b.instruments {
		if strings.ReplaceAll(s, "/", "") == text {
			return s
		}
	}
	for _, quote := range [...]string{"USDT", "USDC", "USD", "BTC"} {
		if base, ok := strings.CutSuffix(text, quote); ok && base != "" && crypto {
			return base + "/" + quote
		}
	}
	return text
}

// held is how much of a symbol the account holds.
func (b *Broker) held(ctx context.Context, symbol string) (pitwall.Dec, error) {
	list, err := b.positions(ctx)
	return pitwall.Account{Positions: list}.Held(symbol), err
}

// Instruments returns what Alpaca lists for symbols, ready for [Config]. Shares trade whole,
// in cents; of crypto the smallest quantity and price steps are 1e-8, finer than any of
// Alpaca's, which refuses what is off its own.
func (b *Broker) Instruments(ctx context.Context, symbols []string) ([]pitwall.Instrument, error) {
	var list []pitwall.Instrument
	for _, s := range symbols {
		x, err := b.client(ctx).GetAsset(strings.ReplaceAll(s, "/", "%2F"))
		if what, why := judge(err); what == notFound {
			return nil, pitwall.Errorf(pitwall.UnknownSymbol, "Alpaca: %s", why)
		}
		if err != nil {
			return nil, readError("reading the asset "+s, err)
		}
		i := pitwall.Instrument{Symbol: x.Symbol, Kind: pitwall.Equity, Currency: "USD", Exchange: x.Exchange, Tick: pitwall.One / 100, Lot: pitwall.One, Tradable: x.Tradable && x.Status == sdk.AssetActive}
		if x.Class == sdk.Crypto {
			i.Kind, i.Calendar, i.Tick, i.Lot = pitwall.Crypto, pitwall.AlwaysOpen, 1, 1
		} else {
			facts := calendar.NewYork()
			i.Calendar, i.Hours, i.Zone = facts.Name, facts, facts.Zone
		}
		list = append(list, i)
	}
	return list, nil
}

// Fee is the part that Alpaca may take out of what a fill brings: of crypto up to 0.25 %, its
// highest rate, in coins of a purchase and in money of a sale. Fills do not say it.
func Fee(i pitwall.Instrument) pitwall.Dec {
	if i.Kind == pitwall.Crypto {
		return pitwall.One / 400
	}
	return 0
}
