package alpaca

import (
	"fmt"
	"regexp"
	"strings"

	sdk "github.com/alpacahq/alpaca-trade-api-go/v3/alpaca"
	"github.com/shopspring/decimal"

	"pitwall"
)

// duplicateID is Alpaca's message for a client_order_id that it has; the words have
// changed between versions.
var duplicateID = regexp.MustCompile(`(?i)client.?order.?id must be unique`)

// replacement ends the client_order_id of an order that took another's place.
var replacement = regexp.MustCompile(`~r([0-9]+)$`)

// decimals writes a number for the library; 0 is none.
func decimals(d pitwall.Dec) *decimal.Decimal {
	if d == 0 {
		return nil
	}
	x := decimal.New(int64(d), -8)
	return &x
}

// dec reads a number of the library's, rounding beyond eight decimals.
func dec(d decimal.Decimal) pitwall.Dec {
	return pitwall.Dec(d.Shift(8).Round(0).IntPart())
}

func decOf(d *decimal.Decimal) pitwall.Dec {
	if d == nil {
		return 0
	}
	return dec(*d)
}

// toRequest writes an order with its defaults for Alpaca, or returns why Alpaca does not
// take it. It rounds prices to the tick and returns a note of those it moved.
func (b *Broker) toRequest(o pitwall.Order, i pitwall.Instrument) (sdk.PlaceOrderRequest, string, *pitwall.Error) {
	var none sdk.PlaceOrderRequest
	if !i.Tradable {
		return none, "", pitwall.Errorf(pitwall.NotTradable, "%s cannot be traded in this world", o.Symbol)
	}
	if o.ReduceOnly {
		i.Lot = 1 // a fraction that is held may be closed
	}
	if e := o.Check(i, 0, b.cfg.Now()); e != nil {
		return none, "", e
	}
	if e := checkTaken(o, i); e != nil {
		return none, "", e
	}
	id := b.cfg.Prefix + o.ID
	if len(id) > 128-len("~r999") || replacement.MatchString(o.ID) || strings.HasSuffix(o.ID, ".tp") || strings.HasSuffix(o.ID, ".sl") {
		return none, "", pitwall.Errorf(pitwall.InvalidInput, "order id %q", o.ID).Hintf("use up to %d characters, not ending in ~r and digits, .tp or .sl", 123-len(b.cfg.Prefix))
	}
	note := roundPrices(&o, i)
	if o.Type == pitwall.LimitOrder && o.Limit == 0 || o.Type == pitwall.StopOrder && o.Stop == 0 {
		return none, "", pitwall.Errorf(pitwall.InvalidNumber, "a price is 0 on the tick").Hintf("use a price at least one tick from 0")
	}
	r := sdk.PlaceOrderRequest{Symbol: o.Symbol, Qty: decimals(o.Qty), Side: sdk.Side(o.Side), Type: sdk.OrderType(o.Type), TimeInForce: sdk.TimeInForce(o.TIF), LimitPrice: decimals(o.Limit), StopPrice: decimals(o.Stop),
		TrailPrice: decimals(o.Trail), TrailPercent: decimals(o.TrailPercent), ClientOrderID: id, OrderClass: sdk.OrderClass(o.Class)}
	for _, l := range o.Legs {
		if l.Role == pitwall.TakeProfit {
			r.TakeProfit = &sdk.TakeProfit{LimitPrice: decimals(l.Limit)}
		} else {
			r.StopLoss = &sdk.StopLoss{StopPrice: decimals(l.Stop), LimitPrice: decimals(l.Limit)}
		}
	}
	if o.Class == pitwall.OCO {
		r.Type = sdk.Limit
	}
	if o.ReduceOnly {
		r.PositionIntent = sdk.SellToClose
		if o.Side == pitwall.Buy {
			r.PositionIntent = sdk.BuyToClose
		}
	}
	return r, note, nil
}

// checkTaken refuses what Alpaca does not take.
func checkTaken(o pitwall.Order, i pitwall.Instrument) *pitwall.Error {
	refuse := func(hint, format string, args ...any) *pitwall.Error {
		return pitwall.Errorf(pitwall.Unsupported, "Alpaca does not take "+format, args...).Hintf("%s", hint)
	}
	whole := o.Qty%pitwall.One == 0
	switch {
	case o.Book != pitwall.MainBook:
		return refuse("use book main", "book %q: an account is one book", o.Book)
	case i.Kind == pitwall.Option || i.Kind == pitwall.Future || i.Kind == pitwall.Index || i.Kind == pitwall.Cash:
		return refuse("trade shares, funds or crypto", "a %s here", i.Kind)
	case o.TIF == pitwall.GTD:
		return refuse("use day or gtc, and cancel it yourself", "tif gtd")
	case o.Group != "":
		return refuse("use class oco for two exits of a position", "groups of orders")
	case i.Kind == pitwall.Crypto && (o.Type == pitwall.StopOrder || o.Type == pitwall.TrailingStop):
		return refuse("use market, limit or stop_limit", "type %s for crypto", o.Type)
	case i.Kind == pitwall.Crypto && o.TIF != pitwall.GTC && o.TIF != pitwall.IOC:
		return refuse("use gtc or ioc", "tif %s for crypto", o.TIF)
	case i.Kind == pitwall.Crypto && o.Class != pitwall.Simple:
		return refuse("send the exits as orders of their own", "class %s for crypto", o.Class)
	case i.Kind != pitwall.Crypto && !whole && (o.TIF != pitwall.Day || o.Type == pitwall.TrailingStop || o.Class != pitwall.Simple):
		return refuse("use whole shares, or a simple day order", "qty %v with type %s, class %s and tif %s: fractions of shares trade in simple day orders", o.Qty, o.Type, o.Class, o.TIF)
	case o.Class != pitwall.Simple && o.TIF != pitwall.Day && o.TIF != pitwall.GTC:
		return refuse("use day or gtc", "class %s with tif %s", o.Class, o.TIF)
	case o.Class != pitwall.Simple && o.Type != pitwall.MarketOrder && o.Type != pitwall.LimitOrder:
		return refuse("enter with a market or limit order", "class %s with type %s", o.Class, o.Type)
	}
	for _, l := range o.Legs {
		if l.Percent != 0 {
			return refuse("give it as a price: limit of take_profit, stop of stop_loss", "an exit by percent (%s %v)", l.Role, l.Percent)
		}
		if l.Trail != 0 || l.TrailPercent != 0 {
			return refuse("use a stop price, or a trailing_stop order of its own after the entry", "a trailing exit")
		}
	}
	return nil
}

// roundPrices rounds an order's prices to the tick, so that none becomes better for the
// market than asked: limits away from it, stops as the venue of backtests does.
func roundPrices(o *pitwall.Order, i pitwall.Instrument) string {
	var notes []string
	round := func(name string, up bool, p *pitwall.Dec) {
		tick := tickOf(i, *p)
		r := p.Floor(tick)
		if up && r != *p {
			r += tick
		}
		if r != *p {
			notes = append(notes, fmt.Sprintf("%s %v became %v on the tick of %v", name, *p, r, tick))
			*p = r
		}
	}
	buys := o.Side == pitwall.Buy
	round("limit", !buys, &o.Limit)
	round("stop", buys, &o.Stop)
	exitBuys := !buys
	if o.Class == pitwall.OCO {
		exitBuys = buys
	}
	for n := range o.Legs {
		round(string(o.Legs[n].Role)+" limit", !exitBuys, &o.Legs[n].Limit)
		round(string(o.Legs[n].Role)+" stop", exitBuys, &o.Legs[n].Stop)
	}
	return strings.Join(notes, "; ")
}

// tickOf is the price step of an instrument: of shares a cent from one dollar up and
// 0.0001 below, never finer than the instrument's own.
func tickOf(i pitwall.Instrument, p pitwall.Dec) pitwall.Dec {
	tick := i.Tick
	if i.Kind != pitwall.Crypto {
		least := pitwall.One / 100
		if p < pitwall.One {
			least = pitwall.One / 10_000
		}
		tick = max(tick, least)
	}
	return max(tick, 1)
}
