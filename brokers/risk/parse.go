package risk

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"pitwall"
)

// Parse reads the risk section of a strategy file as YAML decodes it. A key that
// is not given is off: the section states what it limits. A section that limits
// nothing is an error.
func Parse(raw map[string]any) (Limits, error) {
	var l Limits
	rows := map[string]row{}
	for _, r := range l.rows() {
		if r.when&setting == 0 {
			r.off()
		}
		rows[r.key] = r
	}
	for _, key := range slices.Sorted(maps.Keys(raw)) { // the same first error each time
		r, ok := rows[key]
		if !ok {
			return Limits{}, pitwall.Errorf(pitwall.StrategyError, "risk: there is no key %q", key).
				Hintf("did you mean %q? the keys are %s", pitwall.Nearest(key, Keys()), strings.Join(Keys(), ", "))
		}
		if err := r.read(raw[key]); err != nil {
			return Limits{}, pitwall.Errorf(pitwall.StrategyError, "risk: %s %v", key, err)
		}
	}
	if !slices.ContainsFunc(l.rows(), func(r row) bool { return r.state == set && (r.when&setting == 0 || r.key == "safe_mode") }) {
		return Limits{}, pitwall.Errorf(pitwall.StrategyError, "risk: names no limit").Hintf("leave it out for no limits; the keys are %s", strings.Join(Keys(), ", "))
	}
	if l.SafeMode.state == set {
		l.SafeMode = Limit[bool]{}
		l = l.Safe()
	}
	return l, nil
}

// Unstated lists the keys that real money asks for and that the risk section of a strategy
// file neither sets nor switches off: the size of an order, of a symbol and of the whole,
// the loss of a day, pace, and prices that are far off or old (R47).
func Unstated(raw map[string]any) (list []string) {
	for _, key := range []string{"max_order_notional", "max_symbol_percent", "max_gross_percent", "max_daily_loss_percent", "max_orders", "price_collar_percent", "stale_price"} {
		if _, ok := raw[key]; !ok {
			list = append(list, key)
		}
	}
	return list
}

// only is a switch that limits something in one position alone.
func only(limits bool) form[bool] {
	return form[bool]{read: readBool, text: strconv.FormatBool, off: func(v bool) bool { return v != limits }, bare: true}
}

func readNumber(raw any) (pitwall.Dec, error) {
	text := fmt.Sprint(raw)
	switch v := raw.(type) {
	case int, int64, uint64, string:
	case float64:
		text = strconv.FormatFloat(v, 'f', -1, 64) // no exponent, no detour that would round
	default:
		return 0, fmt.Errorf("is %s: write a number, or off", show(raw))
	}
	d, err := pitwall.ParseDec(text)
	if err != nil {
		return 0, err
	}
	if d < 0 {
		return 0, fmt.Errorf("is %v: write a number that is not below 0, or off", d)
	}
	return d, nil
}

const day = 24 * time.Hour

func readCount(raw any) (int, error) {
	d, err := readNumber(raw)
	if err != nil {
		return 0, err
	}
	if d != d.Floor(pitwall.One) || d > pitwall.Int(math.MaxInt32) {
		return 0, fmt.Errorf("is %v: write a whole number", d)
	}
	return int(d / pitwall.One), nil
}

func readDuration(raw any) (time.Duration, error) {
	text, ok := raw.(string)
	if !ok {
		return 0, fmt.Errorf("is %s: write a duration such as 72h or 3d, or off", show(raw))
	}
	d, err := time.ParseDuration(text)
	if days, found := strings.CutSuffix(text, "d"); found {
		var n int64
		n, err = strconv.ParseInt(days, 10, 32)
		if d = time.Duration(n) * day; n > int64(math.MaxInt64/day) {
			err = fmt.Errorf("too long")
		}
	}
	if err != nil {
		return 0, fmt.Errorf("is %q: write a duration such as 72h or 3d, or off", text)
	}
	if d <= 0 {
		return 0, fmt.Errorf("is %s: write a duration above 0, or off", text)
	}
	return d, nil
}

// showDuration writes 3d, 90m or 36h: what readDuration reads.
func showDuration(d time.Duration) string {
	if d != 0 && d%day == 0 {
		return strconv.FormatInt(int64(d/day), 10) + "d"
	}
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

func readSymbols(raw any) ([]string, error) {
	list, ok := raw.([]any)
	if !ok || len(list) == 0 {
		return nil, fmt.Errorf("is %s: write a list of symbols such as [AAPL, MSFT], or off", show(raw))
	}
	var names []string
	for _, v := range list {
		name, ok := v.(string)
		if !ok || name == "" {
			return nil, fmt.Errorf("holds %s: write symbols as text, in quotes if need be", show(v))
		}
		names = append(names, name)
	}
	return names, nil
}

func readBool(raw any) (bool, error) {
	v, ok := raw.(bool)
	if !ok {
		return false, fmt.Errorf("is %s: write true or false", show(raw))
	}
	return v, nil
}

func readRate(raw any) (Rate, error) {
	m, err := mapping(raw, "{count: 10, per: 1h}", "count", "per")
	if err != nil {
		return Rate{}, err
	}
	return rateOf(m)
}

func rateOf(m map[string]any) (r Rate, err error) {
	if r.Count, err = readCount(m["count"]); err != nil {
		return r, fmt.Errorf("count %w", err)
	}
	if r.Per, err = readDuration(m["per"]); err != nil {
		return r, fmt.Errorf("per %w", err)
	}
	return r, nil
}

func readMeasured(raw any, usual, least int) (v Measured, err error) {
	v.Days = usual
	if _, ok := raw.(map[string]any); !ok {
		v.Limit, err = readNumber(raw)
		return v, err
	}
	m, err := mapping(raw, fmt.Sprintf("{limit: 20, days: %d}", usual), "limit", "days")
	if err != nil {
		return v, err
	}
	if v.Limit, err = readNumber(m["limit"]); err != nil {
		return v, fmt.Errorf("limit %w", err)
	}
	if days, given := m["days"]; given {
		if v.Days, err = readCount(days); err != nil {
			return v, fmt.Errorf("days %w", err)
		}
	}
	if v.Days < least || v.Days > mostDays {
		return v, fmt.Errorf("days is %d: write %d to %d", v.Days, least, mostDays)
	}
	return v, nil
}

// mapping is a value with keys of its own.
func mapping(raw any, like string, keys ...string) (map[string]any, error) {
	m, ok := raw.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("is %s: write %s, or off", show(raw), like)
	}
	for _, k := range slices.Sorted(maps.Keys(m)) {
		if !slices.Contains(keys, k) {
			return nil, fmt.Errorf("has no key %q: did you mean %q? write %s", k, pitwall.Nearest(k, keys), like)
		}
	}
	return m, nil
}

// show is a value that cannot be used, for messages.
func show(raw any) string {
	if raw == nil {
		return "empty"
	}
	return fmt.Sprintf("%v", raw)
}
