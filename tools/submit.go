package tools

import (
	"context"
	"slices"
	"strings"
	"time"

	"pitwall"
)

// ownIDs begin ids that Pitwall gives: to orders without one, to calls, to the closes of a
// halt, to orders that others placed and to transfers.
var ownIDs = []string{ownID, "call-", "flatten-", "external:", "transfer-"}

// checkSubmit validates everything that needs no account. The order is what in
// asks for, before it is sized.
func checkSubmit(w *pitwall.World, in submitIn, o pitwall.Order) error {
	i, err := w.Instruments.Instrument(in.Symbol)
	out, closes := left(w, in.Symbol), in.ReduceOnly || in.TargetPercent != nil && *in.TargetPercent == 0
	switch {
	case err != nil:
		return err
	case !i.Tradable && out && !closes:
		return pitwall.Errorf(pitwall.NotTradable, "%s is not in the index now: it can only be closed", in.Symbol).Hintf("send target_percent 0 or a reduce_only order for what is held; market_last_price without symbols says what may be traded")
	case !i.Tradable && !out:
		return pitwall.Errorf(pitwall.NotTradable, "%s can be watched here, not traded", in.Symbol).Hintf("market_last_price without symbols says what may be traded")
	case in.Confidence != nil && (*in.Confidence < 0 || *in.Confidence > 1):
		return pitwall.Errorf(pitwall.InvalidNumber, "confidence is %v", *in.Confidence).Hintf("use 0 to 1")
	case len(in.Reason) > maxText || len(in.ClientOrderID) > 64 || len(in.Group) > 64:
		return pitwall.Errorf(pitwall.InvalidInput, "reason has %d bytes, client_order_id %d, group %d", len(in.Reason), len(in.ClientOrderID), len(in.Group)).Hintf("at most %d, 64 and 64", maxText)
	case slices.ContainsFunc(ownIDs, func(p string) bool { return strings.HasPrefix(in.ClientOrderID, p) }):
		return pitwall.Errorf(pitwall.InvalidInput, "client_order_id %q starts with a prefix that Pitwall's own ids have", in.ClientOrderID).Hintf("choose another, or leave it out")
	case strings.HasSuffix(in.ClientOrderID, ".tp") || strings.HasSuffix(in.ClientOrderID, ".sl"):
		return pitwall.Errorf(pitwall.InvalidInput, "client_order_id %q ends with a suffix that the ids of exits have", in.ClientOrderID).Hintf("choose another, or leave it out")
	}
	for _, r := range in.ClientOrderID + in.Group {
		if r < '!' || r > '~' {
			return pitwall.Errorf(pitwall.InvalidInput, "client_order_id or group holds the character %q", r).Hintf("use printable ASCII without spaces")
		}
	}
	if e := o.CheckClass(); e != nil {
		return e
	}
	if err := checkSize(in); err != nil {
		return err
	}
	if e := o.CheckPrices(i); e != nil {
		return e
	}
	return checkExits(in)
}

// left reports whether a symbol is not in the index that the world follows.
func left(w *pitwall.World, symbol string) bool {
	x, ok := w.Instruments.(interface{ Left(symbol string) bool })
	return ok && x.Left(symbol)
}

// checkSize checks that exactly one size is given, and a side with it.
func checkSize(in submitIn) error {
	given := 0
	for _, q := range []*pitwall.Dec{in.Qty, in.Notional, in.TargetPercent} {
		if q != nil {
			given++
		}
	}
	switch {
	case in.Class == pitwall.OCO && (in.Notional != nil || in.TargetPercent != nil):
		return pitwall.Errorf(pitwall.InvalidInput, "class oco with notional or target_percent").Hintf("give qty, or nothing for the whole position")
	case in.Class == pitwall.OCO && given == 0:
	case given == 0 && len(in.legs()) > 0:
		return pitwall.Errorf(pitwall.InvalidInput, "exits without a size").Hintf("give qty, notional or target_percent for an entry, or class oco to put both exits on what is held; for one exit on what is held send a limit or stop with reduce_only")
	case given != 1:
		return pitwall.Errorf(pitwall.InvalidInput, "%d of qty, notional and target_percent are given", given).Hintf("give exactly one")
	case in.Class != pitwall.OCO && in.TargetPercent == nil && in.Side == "":
		return pitwall.Errorf(pitwall.InvalidInput, "side is missing").Hintf("use buy or sell, or target_percent")
	case in.TargetPercent != nil && in.Side != "":
		return pitwall.Errorf(pitwall.InvalidInput, "side and target_percent are both given").Hintf("target_percent finds the side itself")
	case in.TargetPercent != nil && (*in.TargetPercent < pitwall.Int(-1000) || *in.TargetPercent > pitwall.Int(1000)):
		return pitwall.Errorf(pitwall.InvalidNumber, "target_percent is %v", *in.TargetPercent).Hintf("use -1000 to 1000; in a cash account 0 to 100")
	case in.Qty != nil && *in.Qty <= 0:
		return pitwall.Errorf(pitwall.InvalidNumber, "qty %v is not a finite number > 0", *in.Qty).Hintf("say sell with a positive qty")
	case in.Notional != nil && *in.Notional <= 0:
		return pitwall.Errorf(pitwall.InvalidNumber, "notional %v is not a finite number > 0", *in.Notional)
	}
	return nil
}

// checkExits checks the prices of exits: an explicit zero is a mistake, not an exit
// that was left out.
func checkExits(in submitIn) error {
	ways := 0
	for _, p := range []struct {
		name string
		d    *pitwall.Dec
		way  bool
	}{{"take_profit", in.TakeProfit, false}, {"take_profit_percent", in.TakePercent, false}, {"stop_loss_limit", in.StopLimit, false},
		{"stop_loss", in.StopLoss, true}, {"stop_loss_percent", in.StopPercent, true}, {"stop_loss_trail_percent", in.StopTrailPercent, true}} {
		if p.d != nil && (*p.d == 0 || *p.d < 0 && strings.HasSuffix(p.name, "percent")) {
			return pitwall.Errorf(pitwall.InvalidNumber, "%s is %v", p.name, *p.d).Hintf("use a number above 0 (distances too), or leave it out")
		}
		if p.way && p.d != nil {
			ways++
		}
	}
	switch {
	case in.TakeProfit != nil && in.TakePercent != nil:
		return pitwall.Errorf(pitwall.InvalidInput, "take_profit and take_profit_percent are both given").Hintf("give one of them")
	case ways > 1 || ways == 0 && in.StopLimit != nil || in.StopTrailPercent != nil && in.StopLimit != nil:
		return pitwall.Errorf(pitwall.InvalidInput, "%d of stop_loss, stop_loss_percent and stop_loss_trail_percent are given, and stop_loss_limit is %v", ways, value(in.StopLimit)).
			Hintf("give one of the three; stop_loss_limit goes with the first two")
	}
	return nil
}

// goodTill reads the end of a gtd order: a time, or a date, which means the close
// of that day's session.
func goodTill(w *pitwall.World, in submitIn) (time.Time, error) {
	if (in.TIF == pitwall.GTD) != (in.GoodTill != "") {
		return time.Time{}, pitwall.Errorf(pitwall.InvalidInput, "tif is %s and good_till %q", in.TIF, in.GoodTill).Hintf("tif gtd and good_till go together")
	}
	if in.GoodTill == "" {
		return time.Time{}, nil
	}
	t, err := parseTime(w, "good_till", in.GoodTill)
	if err != nil {
		return t, err
	}
	i, err := w.Instruments.Instrument(in.Symbol)
	if err != nil {
		return t, err
	}
	if len(in.GoodTill) == len(time.DateOnly) {
		y, m, d := t.Date()
		t = i.SessionClose(time.Date(y, m, d, 12, 0, 0, 0, i.Location()))
	}
	if !t.After(w.Clock.Now()) {
		return t, pitwall.Errorf(pitwall.InvalidInput, "good_till %s has passed; it is %s", in.GoodTill, w.Time(w.Clock.Now())).Hintf("give a later time")
	}
	return t, nil
}

// whole gives an order the whole position of its symbol.
func whole(ctx context.Context, w *pitwall.World, o *pitwall.Order) error {
	held, err := position(ctx, w, o.Symbol)
	o.Qty = held.Abs()
	return err
}

// exitSide gives an order the side that closes the position of its symbol.
func exitSide(ctx context.Context, w *pitwall.World, o *pitwall.Order) error {
	held, err := position(ctx, w, o.Symbol)
	o.Side = pitwall.Sell
	if held < 0 {
		o.Side = pitwall.Buy
	}
	return err
}

// position is what is held of a symbol; nothing is an error.
func position(ctx context.Context, w *pitwall.World, symbol string) (pitwall.Dec, error) {
	acc, err := w.Broker.Account(ctx, pitwall.MainBook)
	if held := acc.Held(symbol); err != nil || held != 0 {
		return held, err
	}
	return 0, pitwall.Errorf(pitwall.ReduceOnly, "no position in %s to put exits on", symbol).Hintf("class bracket enters with exits")
}
