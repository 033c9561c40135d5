package risk_test

import (
	"strings"
	"testing"
	"time"

	"pitwall"
	"pitwall/brokers/risk"
)

// edge is a limit with an order exactly at it and one that is just over.
type edge struct {
	name           string
	limits         limits
	given          func(*testing.T, *desk)
	pass, deny     pitwall.Order
	code           pitwall.Code
	text           string // without what is the same everywhere
	hint           string
	observed, most string
	unit           string
}

// key is the limit that denies, as the hint names it.
func (e edge) key() string {
	_, rest, _ := strings.Cut(e.hint, "(risk:")
	key, _, _ := strings.Cut(rest, ")")
	return key
}

// rule is how a hint names a limit, upTo one that a smaller quantity would pass.
func rule(key string) string      { return "limit " + key + " (risk:" + key + ")" }
func upTo(qty, key string) string { return "at most " + qty + " would pass: " + rule(key) }

func stopAt(o pitwall.Order, price string) pitwall.Order {
	o.Type, o.Stop = pitwall.StopOrder, n(price)
	return o
}

// both sets up two things.
func both(f, g func(*testing.T, *desk)) func(*testing.T, *desk) {
	return func(t *testing.T, d *desk) { f(t, d); g(t, d) }
}

func orderEdges() []edge {
	return []edge{
		{"R3 allow", limits{"allow": []any{"A"}}, nil, b("A", "1"), b("B", "1"), risk.Restricted, "B is not on allow list [A]", rule("allow"), "B", "[A]", ""},
		{"R3 deny", limits{"deny": []any{"B"}}, nil, b("A", "1"), b("B", "1"), risk.Restricted, "B is on list deny", rule("deny"), "B", "[B]", ""},
		{"R4", limits{"halted": true}, func(_ *testing.T, d *desk) {
			d.market.bars["B"][0].Volume = 0
			d.market.bars["A"][0].Volume = pitwall.NoVolume
		}, b("A", "1"), b("B", "1"), risk.Halted,
			"B halted since 2024-06-03T09:00:00Z (its newest bar has no volume); reopening time unknown", "wait for a bar with volume: " + rule("halted"), "0", "true", "volume"},
		{"R5", limits{"max_order_qty": 40}, nil, b("A", "40"), b("A", "40.00000001"), risk.MaxOrderQty, "qty 40.00000001 exceeds 40 for A", upTo("40", "max_order_qty"), "40.00000001", "40", ""},
		{"R6 market", limits{"max_order_notional": "1000"}, nil, b("A", "10"), b("A", "10.00000001"), risk.MaxOrderNotional,
			"10.00000001 x worst price 100 = 1000.000001 USD exceeds 1000 USD", upTo("10", "max_order_notional"), "1000.000001", "1000", "USD"},
		{"R6 limit buy", limits{"max_order_notional": 900}, nil, bl("A", "10", "90"), bl("A", "10", "90.1"), risk.MaxOrderNotional,
			"10 x worst price 90.1 = 901 USD exceeds 900 USD", upTo("9", "max_order_notional"), "901", "900", "USD"},
		{"R6 limit sell", limits{"max_order_notional": 1000}, nil, sl("A", "10", "90"), sl("A", "10", "100.1"), risk.MaxOrderNotional,
			"10 x worst price 100.1 = 1001 USD exceeds 1000 USD", upTo("9", "max_order_notional"), "1001", "1000", "USD"},
		{"R6 stop buy", limits{"max_order_notional": 1100}, nil, stopAt(b("A", "10"), "110"), stopAt(b("A", "10"), "110.1"), risk.MaxOrderNotional,
			"10 x worst price 110.1 = 1101 USD exceeds 1100 USD", upTo("9", "max_order_notional"), "1101", "1100", "USD"},
		{"R6 trailing buy", limits{"max_order_notional": 1100}, nil, trailing("10", "", "10"), trailing("10", "11", ""), risk.MaxOrderNotional,
			"10 x worst price 111 = 1110 USD exceeds 1100 USD", upTo("9", "max_order_notional"), "1110", "1100", "USD"},
		{"R6 market under a collar", limits{"max_order_notional": 1050, "price_collar_percent": 5}, nil, b("A", "10"), b("A", "10.1"), risk.MaxOrderNotional,
			"10.1 x worst price 105 = 1060.5 USD exceeds 1050 USD", upTo("10", "max_order_notional"), "1060.5", "1050", "USD"},
		{"R6 multiplier", limits{"max_order_notional": 5000}, func(_ *testing.T, d *desk) {
			i := d.market.list["A"]
			i.Multiplier = pitwall.Int(50)
			d.market.list["A"] = i
		}, b("A", "1"), b("A", "2"), risk.MaxOrderNotional, "2 x worst price 100 = 10000 USD exceeds 5000 USD", upTo("1", "max_order_notional"), "10000", "5000", "USD"},
		{"R7 buy limit above", limits{"price_collar_percent": 10}, nil, bl("A", "1", "110"), bl("A", "1", "110.00000001"), risk.PriceCollar,
			"buy limit price 110.00000001 is 10.00000001 % from reference 100 (close, age 0 s); limit 10 %", "at most 110 would pass as limit price: " + rule("price_collar_percent"), "10.00000001", "10", "%"},
		{"R7 a low buy limit does not hurt", limits{"price_collar_percent": 10}, nil, bl("A", "1", "1"), sl("A", "1", "89.99999999"), risk.PriceCollar,
			"sell limit price 89.99999999 is 10.00000001 % from reference 100 (close, age 0 s); limit 10 %", "at least 90 would pass as limit price: " + rule("price_collar_percent"), "10.00000001", "10", "%"},
		{"R7 stop either way", limits{"price_collar_percent": 10}, nil, stopAt(b("A", "1"), "90"), stopAt(b("A", "1"), "89"), risk.PriceCollar,
			"buy stop price 89 is 11 % from reference 100 (close, age 0 s); limit 10 %", "at least 90 would pass as stop price: " + rule("price_collar_percent"), "11", "10", "%"},
		{"R7 legs", limits{"price_collar_percent": 10}, nil, bracket(b("A", "1"), "200", "90"), bracket(b("A", "1"), "200", "80"), risk.PriceCollar,
			"sell stop_loss stop price 80 is 20 % from reference 100 (close, age 0 s); limit 10 %", "at least 90 would pass as stop_loss stop price: " + rule("price_collar_percent"), "20", "10", "%"},
		{"min_order_notional", limits{"min_order_notional": 1000}, nil, b("A", "10"), b("A", "9.9"), risk.MinOrderNotional,
			"9.9 x 100 = 990 USD is below 1000 USD", "a larger order, or none: " + rule("min_order_notional"), "990", "1000", "USD"},
		{"min_order_notional at a limit", limits{"min_order_notional": 900}, nil, bl("A", "10", "90"), bl("A", "10", "89"), risk.MinOrderNotional,
			"10 x 89 = 890 USD is below 900 USD", "a larger order, or none: " + rule("min_order_notional"), "890", "900", "USD"},
		{"R11", limits{"max_participation_percent": limits{"limit": 10, "days": 2}}, func(_ *testing.T, d *desk) {
			swing(d, "A", 3, "100", "100") // two bars of volume 1 a day
			d.market.bars["A"][0].Volume = 1e9
			d.market.bars["A"][5].Volume = 37
		}, b("A", "2"), b("A", "2.00000001"), risk.MaxParticipation,
			"qty 2.00000001 is 10.00000005 % of the mean daily volume 20 of 2 days; limit 10 %", upTo("2", "max_participation_percent"), "10.00000005", "10", "%"},
		{"R24 buy", limits{"wash_trade": false}, rests(named("o", sl("A", "1", "110"))), bl("A", "1", "109.99999999"), bl("A", "1", "110"), risk.WashTrade,
			"would cross own sell order o at 110", "cancel that order first: " + rule("wash_trade"), "o", "false", ""},
		{"R24 sell", limits{"wash_trade": false}, rests(named("o", bl("A", "1", "90")), named("p", bl("A", "1", "95"))), sl("A", "1", "96"), sl("A", "1", "91"), risk.WashTrade,
			"would cross own buy order p at 95", "cancel that order first: " + rule("wash_trade"), "p", "false", ""},
		{"R24 market", limits{"wash_trade": false}, rests(named("o", bl("B", "1", "90"))), s("A", "1"), s("B", "1"), risk.WashTrade,
			"would cross own buy order o at 90", "cancel that order first: " + rule("wash_trade"), "o", "false", ""},
		{"R24 market against market", limits{"wash_trade": false}, rests(named("o", s("A", "1"))), s("A", "1"), b("A", "1"), risk.WashTrade,
			"would cross own sell order o at market", "cancel that order first: " + rule("wash_trade"), "o", "false", ""},
		{"R36", limits{"trading_hours": true}, func(_ *testing.T, d *desk) {
			d.clock.Time = noon.Add(5 * time.Hour)
			i := d.market.list["A"]
			i.Calendar = pitwall.AlwaysOpen
			d.market.list["A"] = i
		}, b("A", "1"), b("B", "1"), risk.TradingHours, "B is closed at 2024-06-03T17:00:00Z; next open 2024-06-04T09:30:00Z", "wait for the session: " + rule("trading_hours"), "2024-06-03T17:00:00Z", "true", ""},
		{"R7 a take profit's limit", limits{"price_collar_percent": 10}, nil, bracket(b("A", "1"), "90", "95"), bracket(b("A", "1"), "80", "95"), risk.PriceCollar,
			"sell take_profit limit price 80 is 20 % from reference 100 (close, age 0 s); limit 10 %", "at least 90 would pass as take_profit limit price: " + rule("price_collar_percent"), "20", "10", "%"},
		{"R7 the exits of an oco are on its side", limits{"price_collar_percent": 10}, holds("A", "-1"), oco("91", "110"), oco("91", "111"), risk.PriceCollar,
			"buy stop_loss stop price 111 is 11 % from reference 100 (close, age 0 s); limit 10 %", "at most 110 would pass as stop_loss stop price: " + rule("price_collar_percent"), "11", "10", "%"},
		{"R7 an oco's limit hurts on its side", limits{"price_collar_percent": 10}, holds("A", "-1"), oco("110", "105"), oco("111", "105"), risk.PriceCollar,
			"buy take_profit limit price 111 is 11 % from reference 100 (close, age 0 s); limit 10 %", "at most 110 would pass as take_profit limit price: " + rule("price_collar_percent"), "11", "10", "%"},
		{"R7 a short's stop by its distance", limits{"price_collar_percent": 10}, nil, side(percents("5", "10", "")), side(percents("5", "10.1", "")), risk.PriceCollar,
			"buy stop_loss stop price 110.1 is 10.1 % from reference 100 (close, age 0 s); limit 10 %", "at most 110 would pass as stop_loss stop price: " + rule("price_collar_percent"), "10.1", "10", "%"},
		{"R8", limits{"stale_price": "3d"}, func(_ *testing.T, d *desk) {
			d.clock.Time = noon.Add(72 * time.Hour)
			d.market.bars["B"][0].Known = noon.Add(-time.Second)
		}, b("A", "1"), b("B", "1"), risk.StalePrice, "reference 50 is 259201 s old; limit 259200 s", "wait for a newer bar: " + rule("stale_price"), "72h0m1s", "3d", ""},
		{"MIN_RISK_REWARD", limits{"min_risk_reward": 2}, nil, bracket(bl("A", "1", "100"), "110", "95"), bracket(bl("A", "1", "100"), "109.99999999", "95"), risk.MinRiskReward,
			"target 109.99999999, entry 100, stop 95: reward is 2 x the risk; limit at least 2", "a farther target or a nearer stop: " + rule("min_risk_reward"), "2", "2", "x"},
		{"MIN_RISK_REWARD short", limits{"min_risk_reward": 2}, nil, bracket(s("A", "1"), "90", "105"), bracket(s("A", "1"), "91", "105"), risk.MinRiskReward,
			"target 91, entry 100, stop 105: reward is 1.8 x the risk; limit at least 2", "a farther target or a nearer stop: " + rule("min_risk_reward"), "1.8", "2", "x"},
		{"MIN_RISK_REWARD of a stop at the entry", limits{"min_risk_reward": 2}, nil, bracket(bl("A", "1", "100"), "110", "99.99999999"), bracket(bl("A", "1", "100"), "110", "100"), risk.MinRiskReward,
			"stop 100 is not on the losing side of entry 100; risk and reward cannot be compared", rule("min_risk_reward"), "100", "2", ""},
		{"MIN_RISK_REWARD of a target at the entry", limits{"min_risk_reward": 0}, nil, bracket(bl("A", "1", "100"), "100", "90"), bracket(bl("A", "1", "100"), "99", "90"), risk.MinRiskReward,
			"target 99, entry 100, stop 90: reward is -0.1 x the risk; limit at least 0", "a farther target or a nearer stop: " + rule("min_risk_reward"), "-0.1", "0", "x"},
		{"MIN_RISK_REWARD short by percent", limits{"min_risk_reward": 2}, nil, side(percents("10", "5", "")), side(percents("9", "5", "")), risk.MinRiskReward,
			"target 91, entry 100, stop 105: reward is 1.8 x the risk; limit at least 2", "a farther target or a nearer stop: " + rule("min_risk_reward"), "1.8", "2", "x"},
		{"MIN_RISK_REWARD of a stop sell enters at its stop", limits{"min_risk_reward": 2}, nil, bracket(stopAt(s("A", "1"), "90"), "80", "95"), bracket(stopAt(s("A", "1"), "90"), "81", "95"), risk.MinRiskReward,
			"target 81, entry 90, stop 95: reward is 1.8 x the risk; limit at least 2", "a farther target or a nearer stop: " + rule("min_risk_reward"), "1.8", "2", "x"},
		{"MIN_RISK_REWARD of a stop buy enters at its stop", limits{"min_risk_reward": 2}, nil, bracket(stopAt(b("A", "1"), "110"), "120", "105"), bracket(stopAt(b("A", "1"), "110"), "119", "105"), risk.MinRiskReward,
			"target 119, entry 110, stop 105: reward is 1.8 x the risk; limit at least 2", "a farther target or a nearer stop: " + rule("min_risk_reward"), "1.8", "2", "x"},
		{"MIN_RISK_REWARD needs both exits", limits{"min_risk_reward": 2}, nil, with(percents("1", "5", ""), func(o *pitwall.Order) { o.Legs = o.Legs[:1] }), percents("1", "5", ""), risk.MinRiskReward,
			"target 101, entry 100, stop 95: reward is 0.2 x the risk; limit at least 2", "a farther target or a nearer stop: " + rule("min_risk_reward"), "0.2", "2", "x"},
		{"MIN_RISK_REWARD by percent and trail", limits{"min_risk_reward": 2}, nil, percents("10", "5", ""), percents("10", "", "6"), risk.MinRiskReward,
			"target 110, entry 100, stop 94: reward is 1.66666667 x the risk; limit at least 2", "a farther target or a nearer stop: " + rule("min_risk_reward"), "1.66666667", "2", "x"},
	}
}

func trailing(qty, trail, percent string) pitwall.Order {
	return with(b("A", qty), func(o *pitwall.Order) {
		o.Type = pitwall.TrailingStop
		if trail != "" {
			o.Trail = n(trail)
		} else {
			o.TrailPercent = n(percent)
		}
	})
}

// side turns an order round.
func side(o pitwall.Order) pitwall.Order { o.Side = o.Side.Opposite(); return o }

// oco puts both exits on a short position of A.
func oco(target, stop string) pitwall.Order {
	return with(bracket(b("A", "1"), target, stop), func(o *pitwall.Order) { o.Class = pitwall.OCO })
}

func percents(target, stop, trail string) pitwall.Order {
	o := bracket(b("A", "1"), "0", "0")
	o.Legs[0].Percent = n(target)
	if trail != "" {
		o.Legs[1].Trail = n(trail)
	} else {
		o.Legs[1].Percent = n(stop)
	}
	return o
}

func accountEdges() []edge {
	shortAnd := both(holds("A", "-10"), rests(named("o", b("B", "20"))))
	return []edge{
		{"R12 held and open count", limits{"max_position_qty": 10}, both(holds("A", "3"), rests(named("o", b("A", "2")))), b("A", "5"), b("A", "5.00000001"), risk.MaxPositionQty,
			"A now 3, open 2, this 5.00000001 -> 10.00000001; limit 10", upTo("5", "max_position_qty"), "10.00000001", "10", ""},
		{"R12 short", limits{"max_position_qty": 10}, rests(named("o", s("A", "2"))), s("A", "8"), s("A", "9"), risk.MaxPositionQty,
			"A now 0, open -2, this -9 -> -11; limit 10", upTo("8", "max_position_qty"), "-11", "10", ""},
		{"R12 through 0", limits{"max_position_qty": 10}, holds("A", "3"), s("A", "13"), s("A", "14"), risk.MaxPositionQty,
			"A now 3, open 0, this -14 -> -11; limit 10", upTo("13", "max_position_qty"), "-11", "10", ""},
		{"R13", limits{"max_position_notional": 1000}, both(holds("A", "3"), rests(named("o", bl("A", "2", "90")))), b("A", "5"), b("A", "6"), risk.MaxPositionNotional,
			"A now 300 USD, open 200 USD, this 600 USD -> 1100 USD; limit 1000 USD", upTo("5", "max_position_notional"), "1100", "1000", "USD"},
		{"R13 through 0 at the worst price", limits{"max_position_notional": 600}, holds("A", "10"), sl("A", "15", "120"), sl("A", "16", "120"), risk.MaxPositionNotional,
			"A now 1000 USD, open 0 USD, this -1720 USD -> -720 USD; limit 600 USD", upTo("15", "max_position_notional"), "-720", "600", "USD"},
		{"R14", limits{"max_gross_percent": 50}, shortAnd, b("C", "300"), b("C", "300.00001"), risk.GrossExposure,
			"now 20 %, after 50.000001 %; limit 50 %", upTo("300", "max_gross_percent"), "50.000001", "50", "%"},
		{"R14 a short may be turned", limits{"max_gross_percent": 50}, shortAnd, b("A", "50"), b("A", "51"), risk.GrossExposure,
			"now 20 %, after 51 %; limit 50 %", upTo("50", "max_gross_percent"), "51", "50", "%"},
		{"R15", limits{"max_net_percent": 30}, shortAnd, b("C", "300"), b("C", "301"), risk.NetExposure,
			"now 10 %, after 30.1 %; limit 30 %", upTo("300", "max_net_percent"), "30.1", "30", "%"},
		{"R15 short", limits{"max_net_percent": 30}, rests(named("o", b("B", "20"))), s("A", "30"), s("A", "31"), risk.NetExposure,
			"now 10 %, after 31 %; limit 30 %", upTo("30", "max_net_percent"), "31", "30", "%"},
		{"R16", limits{"max_leverage": "1.5"}, holds("A", "100"), b("B", "100"), b("B", "101"), risk.Leverage,
			"now 1x, after 1.505x; limit 1.5x", upTo("100", "max_leverage"), "1.505", "1.5", "x"},
		{"R17", limits{"max_symbol_percent": 10}, rests(named("o", b("A", "4"))), b("A", "6"), b("A", "6.1"), risk.SymbolShare,
			"A would be 10.1 % of equity 10000; limit 10 %", upTo("6", "max_symbol_percent"), "10.1", "10", "%"},
		{"R18", limits{"max_sector_percent": 10}, both(both(holds("A", "4"), holds("C", "500")), rests(named("o", b("A", "1")))), b("B", "10"), b("B", "11"), risk.SectorShare,
			"tech would be 10.5 % of equity 10000; limit 10 %", upTo("10", "max_sector_percent"), "10.5", "10", "%"},
		{"R18 unknown", limits{"max_sector_percent": 10}, func(_ *testing.T, d *desk) {
			d.market.put("B", "50", "")
			d.market.put("C", "10", "")
			d.move("A", n("5"))
			d.move("C", n("50"))
		}, b("B", "10"), b("B", "11"), risk.SectorShare, "unknown would be 10.5 % of equity 10000; limit 10 %", upTo("10", "max_sector_percent"), "10.5", "10", "%"},
		{"R18 pass", limits{"max_sector_percent": 10, "unknown_sector": "pass"}, func(_ *testing.T, d *desk) {
			d.market.put("C", "10", "")
			d.move("C", n("500"))
		}, b("C", "100"), b("A", "11"), risk.SectorShare, "tech would be 11 % of equity 10000; limit 10 %", upTo("10", "max_sector_percent"), "11", "10", "%"},
		{"R19", limits{"buying_power": true}, func(_ *testing.T, d *desk) {
			d.Guard.SetCosts(pitwall.Costs{CommissionBps: pitwall.Int(10), SlippageBps: pitwall.Int(5)})
		}, bl("A", "80", "124.87512487"), bl("A", "80", "125"), pitwall.BuyingPower,
			"needs 10010 USD; free 10000 USD after 0 USD held by 0 open or unknown orders", upTo("79", "buying_power"), "10010", "10000", "USD"},
		{"R19 a taker slips", limits{"buying_power": true}, both(rests(named("o", b("B", "1"))), func(_ *testing.T, d *desk) {
			d.Guard.SetCosts(pitwall.Costs{SlippageBps: pitwall.Int(100)})
		}), b("A", "99"), b("A", "100"), pitwall.BuyingPower,
			"needs 10100 USD; free 10000 USD after 0 USD held by 1 open or unknown orders", upTo("99", "buying_power"), "10100", "10000", "USD"},
		{"R20", limits{"allow_short": false}, both(holds("A", "10"), rests(named("o", s("A", "4")))), s("A", "6"), s("A", "6.00000001"), pitwall.ShortNotAllowed,
			"position would be -0.00000001; shorting is off", upTo("6", "allow_short") + "; cancel open sells first, or say reduce_only: " + rule("allow_short"), "-0.00000001", "0", ""},
		{"R20 buys are none of it", limits{"allow_short": false}, holds("A", "-5"), b("A", "1"), s("A", "1"), pitwall.ShortNotAllowed,
			"position would be -6; shorting is off", "no quantity would pass: " + rule("allow_short") + "; cancel open sells first, or say reduce_only: " + rule("allow_short"), "-6", "0", ""},
		{"R21", limits{"no_borrow": []any{"A"}}, holds("A", "10"), s("A", "10"), s("A", "12"), pitwall.NoBorrow,
			"2 A not locatable as of 2024-06-03T12:00:00Z", upTo("10", "no_borrow"), "2", "0", ""},
		{"MAX_POSITIONS", limits{"max_positions": 2}, both(holds("A", "1"), rests(named("o", b("B", "1")))), b("B", "1"), b("C", "1"), risk.MaxPositions,
			"3 symbols held or being entered with C; limit 2", "leave another position first: " + rule("max_positions"), "3", "2", "symbols"},
	}
}
