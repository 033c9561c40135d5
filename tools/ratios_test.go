package tools_test

import (
	"context"
	"encoding/json"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/cache/history"
	"pitwall/sim/wall"
	"pitwall/tools"
)

// filed is a quarter's statement: item, value.
func filed(symbol, period, end, known string, items ...string) (list []pitwall.Record) {
	day := func(s string) time.Time { t, _ := time.Parse(time.DateOnly, s); return t }
	for i := 0; i < len(items); i += 2 {
		r := pitwall.Record{Kind: pitwall.Fundamental, ID: symbol + period + items[i], Symbols: []string{symbol}, Series: items[i], Event: day(end), Known: day(known).Add(21 * time.Hour), Value: items[i+1],
			Fields: map[string]string{"period": period, "statement": "income_statement", "unit": "USD"}}
		list = append(list, r)
	}
	return list
}

// acting is a source with actions.
type acting struct {
	barSource
	actions []pitwall.Action
}

func (a acting) Actions() []pitwall.Action { return a.actions }

// valued is a world with one share X at 50 since 2024-01-01 that is split two for one on
// 2024-06-10 (100 before it), and statements.
func valued(t *testing.T, adjusted pitwall.Adjustment, records []pitwall.Record) (*pitwall.World, *clockAt) {
	t.Helper()
	w, _ := liveWorld()
	c := &clockAt{Clock: w.Clock}
	split := time.Date(2024, 6, 10, 0, 0, 0, 0, time.UTC)
	s := &pitwall.Series{Instrument: pitwall.Instrument{Symbol: "X", Lot: pitwall.One, Currency: "USD"}, Size: 24 * time.Hour, Adjusted: adjusted}
	for at := time.Date(2023, 12, 1, 0, 0, 0, 0, time.UTC); at.Year() < 2025; at = at.AddDate(0, 0, 1) {
		p := pitwall.Int(100)
		if !at.Before(split) {
			p = pitwall.Int(50)
		}
		require.NoError(t, s.Append(pitwall.Bar{Start: at, End: at.Add(24 * time.Hour), Known: at.Add(24 * time.Hour), Open: p, High: p, Low: p, Close: p, Volume: 1}))
	}
	m := wall.New(acting{barSource{s}, []pitwall.Action{{Symbol: "X", Ex: split, Type: "split", Value: pitwall.Int(2)}}}, c.Now, []string{"X"})
	w.Clock, w.Market, w.Instruments, w.Records = c, m, m, wall.NewRecords(records, c.Now, false)
	return w, c
}

type ratiosAnswer struct {
	Ratios []struct {
		Name, How string
		Value     *string
	}
	Inputs []struct{ Input, Value, Item, Periods, Known string }
}

// computed asks for ratios and returns values, and how each was found.
func computed(t *testing.T, w *pitwall.World, symbol string) (values, how map[string]string, out ratiosAnswer) {
	t.Helper()
	a := newSet().Call(trader(), w, "fundamentals", json.RawMessage(`{"symbol":"`+symbol+`","ratios":true}`))
	require.False(t, a.IsError, a.Text)
	require.NoError(t, json.Unmarshal(a.JSON, &out))
	values, how = map[string]string{}, map[string]string{}
	for _, r := range out.Ratios {
		values[r.Name], how[r.Name] = "null", r.How
		if r.Value != nil {
			values[r.Name] = *r.Value
		}
	}
	return values, how, out
}

// year is five quarters of X, the last one filed after the split with shares of after it.
func year() (list []pitwall.Record) {
	q := func(period, end, known, revenue, income, shares string) {
		list = append(list, filed("X", period, end, known, "revenues", revenue, "gross_profit", "40", "net_income_loss", income, "diluted_average_shares", shares,
			"equity", "160", "long_term_debt", "80", "liabilities", "240")...)
	}
	q("2023Q1", "2023-03-31", "2023-05-01", "80", "4", "10")
	q("2023Q2", "2023-06-30", "2023-08-01", "90", "5", "10")
	q("2023Q3", "2023-09-30", "2023-11-01", "100", "6", "10")
	q("2023Q4", "2023-12-31", "2024-02-20", "110", "7", "-1")
	q("2024Q1", "2024-03-31", "2024-05-01", "100", "5", "10")
	q("2024Q2", "2024-06-30", "2024-08-01", "120", "10", "20")
	return list
}

// Every figure of 2024-06-01, by hand. Four quarters to March 2024: revenue 90+100+110+100
// = 400, gross profit 160, net income 5+6+7+5 = 23, equity 160, 10 shares at 100.
func TestRatios(t *testing.T) {
	w, c := valued(t, "", year())
	c.now = time.Date(2024, 6, 1, 12, 0, 0, 0, time.UTC)
	values, how, out := computed(t, w, "X")
	before := map[string]string{
		"price_to_earnings":        "43.478261", // 1000/23
		"price_to_book":            "6.25",      // 1000/160
		"return_on_equity":         "0.14375",   // 23/160
		"gross_margin":             "0.4",       // 160/400
		"net_margin":               "0.0575",    // 23/400
		"revenue_growth":           "0.25",      // 100/80 - 1
		"earnings_growth":          "0.25",      // 5/4 - 1
		"long_term_debt_to_equity": "0.5",       // 80/160
		"liabilities_to_equity":    "1.5",       // 240/160
		"earnings_per_share":       "2.3",       // 23/10
		"book_per_share":           "16",        // 160/10
		"graham_number":            "28.774989", // sqrt(22.5 x 2.3 x 16) = sqrt(828)
	}
	require.Equal(t, before, values)
	require.Equal(t, "price x shares / net_income", how["price_to_earnings"])
	require.Equal(t, "23", out.Inputs[6].Value)
	require.Equal(t, "net_income_loss", out.Inputs[6].Item)
	require.Equal(t, "2023Q2 2023Q3 2023Q4 2024Q1", out.Inputs[6].Periods)
	require.Equal(t, "2024-05-01T21:00:00Z", out.Inputs[6].Known)

	// After the split 10 shares of May are 20, at half the price: what is per share halves,
	// the rest stays.
	c.now = time.Date(2024, 6, 12, 12, 0, 0, 0, time.UTC)
	values, _, out = computed(t, w, "X")
	require.Equal(t, "2024Q1 x 2 for splits", out.Inputs[1].Periods)
	require.Equal(t, "20", out.Inputs[1].Value)
	before["earnings_per_share"], before["book_per_share"], before["graham_number"] = "1.15", "8", "14.387495"
	require.Equal(t, before, values)

	// On the day itself the last price is that of the day before.
	c.now = time.Date(2024, 6, 10, 12, 0, 0, 0, time.UTC)
	values, _, _ = computed(t, w, "X")
	require.Equal(t, "2.3", values["earnings_per_share"])
	require.Equal(t, "43.478261", values["price_to_earnings"])

	// The next statement counts shares of after the split: nothing is multiplied.
	c.now = time.Date(2024, 8, 2, 12, 0, 0, 0, time.UTC)
	values, _, out = computed(t, w, "X")
	require.Equal(t, "20", out.Inputs[1].Value)
	require.Equal(t, "2024Q2", out.Inputs[1].Periods)
	require.Equal(t, "35.714286", values["price_to_earnings"], "50 x 20 / (6+7+5+10)")
	require.Equal(t, "0.333333", values["revenue_growth"], "120/90 - 1")

	// In February the fourth quarter's count of -1 is passed over.
	c.now = time.Date(2024, 2, 21, 12, 0, 0, 0, time.UTC)
	_, _, out = computed(t, w, "X")
	require.Equal(t, "2023Q3 x 1", out.Inputs[1].Periods+" x 1")
	require.Equal(t, "10", out.Inputs[1].Value)
	text := asked(t, w, "fundamentals", `{"symbol":"X","ratios":true}`)
	require.Contains(t, text, "\nratios: name,value,how\nprice_to_earnings,45.454545,price x shares / net_income\n")
	require.Contains(t, text, "\nnet_income,22,net_income_loss,2023Q1 2023Q2 2023Q3 2023Q4,2024-02-20T21:00:00Z\n")
	require.Contains(t, asked(t, w, "fundamentals", `{"symbol":"X","ratios":true,"periods":2}`), "leave out items and periods")
}

// Null with its reason, and no number in its place.
func TestRatiosWithoutAnAnswer(t *testing.T) {
	c0 := time.Date(2024, 6, 1, 12, 0, 0, 0, time.UTC)
	ask := func(adjusted pitwall.Adjustment, now time.Time, change func([]pitwall.Record) []pitwall.Record) (map[string]string, map[string]string) {
		w, c := valued(t, adjusted, change(year()))
		c.now = now
		values, how, _ := computed(t, w, "X")
		return values, how
	}
	same := func(list []pitwall.Record) []pitwall.Record { return list }
	drop := func(drops func(pitwall.Record) bool) func([]pitwall.Record) []pitwall.Record {
		return func(list []pitwall.Record) (kept []pitwall.Record) {
			for _, r := range list {
				if !drops(r) {
					kept = append(kept, r)
				}
			}
			return kept
		}
	}
	set := func(series, period, value string) func([]pitwall.Record) []pitwall.Record {
		return func(list []pitwall.Record) []pitwall.Record {
			for i := range list {
				if list[i].Series == series && list[i].Fields["period"] == period {
					list[i].Value = value
				}
			}
			return list
		}
	}
	for name, x := range map[string]struct {
		adjusted pitwall.Adjustment
		now      time.Time
		change   func([]pitwall.Record) []pitwall.Record
		ratio    string
		why      string
	}{
		"adjusted":   {pitwall.SplitAdjusted, c0, same, "price_to_earnings", "prices of X are adjusted: their level is not what was traded, and shares of then do not go with it"},
		"per share":  {pitwall.TotalAdjusted, c0, same, "graham_number", "prices of X are adjusted: their level is not what was traded, and shares of then do not go with it"},
		"few":        {"", time.Date(2023, 12, 10, 12, 0, 0, 0, time.UTC), same, "price_to_earnings", "3 statements are known and 4 are needed"},
		"no growth":  {"", time.Date(2024, 2, 21, 12, 0, 0, 0, time.UTC), same, "revenue_growth", "4 statements are known and 5 are needed"},
		"gap":        {"", c0, drop(func(r pitwall.Record) bool { return r.Fields["period"] == "2023Q4" }), "net_margin", "statements end on 2023-09-30 and 2024-03-31: a quarter is missing between them, or one is longer"},
		"no item":    {"", c0, drop(func(r pitwall.Record) bool { return r.Series == "long_term_debt" }), "long_term_debt_to_equity", "no long_term_debt in the statement to 2024-03-31"},
		"no quarter": {"", c0, drop(func(r pitwall.Record) bool { return r.Series == "gross_profit" && r.Fields["period"] == "2023Q3" }), "gross_margin", "no gross_profit of the quarter to 2023-09-30"},
		"loss":       {"", c0, set("net_income_loss", "2024Q1", "-19"), "price_to_earnings", "net_income is -1: no ratio at 0 or below"},
		"no equity":  {"", c0, set("equity", "2024Q1", "-5"), "graham_number", "equity is -5: no ratio at 0 or below"},
		"shares":     {"", c0, drop(func(r pitwall.Record) bool { return r.Series == "diluted_average_shares" }), "earnings_per_share", "no statement names a count of shares"},
		"no number":  {"", c0, set("revenues", "2024Q1", "about 7"), "net_margin", `revenues of 2024-03-31 is "about 7"`},
		"currency": {"", c0, func(list []pitwall.Record) []pitwall.Record {
			for i := range list {
				list[i].Fields["unit"] = "EUR"
			}
			return list
		}, "price_to_book", "statements are in EUR and the price in USD"},
	} {
		values, how := ask(x.adjusted, x.now, x.change)
		require.Equal(t, "null", values[x.ratio], name)
		require.Equal(t, x.why, how[x.ratio], name)
	}
	values, _ := ask("", c0, set("net_income_loss", "2024Q1", "-19"))
	require.Equal(t, "-0.00625", values["return_on_equity"], "a loss is a figure: -1/160")
	w, c := valued(t, "", filed("Y", "2024Q1", "2024-03-31", "2024-05-01", "revenues", "1"))
	c.now = c0
	_, how, _ := computed(t, w, "Y")
	require.Equal(t, "no price of Y is known", how["price_to_book"])
}

// The SEC's archive has a fourth quarter inside the year only: it is the year less nine
// months. Figures of six and nine months are none of a quarter.
func TestRatiosOfYearlyFigures(t *testing.T) {
	var list []pitwall.Record
	add := func(period, end, known, span, income string) {
		for _, r := range filed("X", period, end, known, "NetIncomeLoss", income, "Revenues", "100", "StockholdersEquity", "50") {
			if r.Fields["statement"] = span; r.Series == "StockholdersEquity" {
				r.Fields["statement"] = "as of the day"
			}
			r.ID += span
			list = append(list, r)
		}
	}
	add("2023Q2", "2023-06-30", "2023-08-01", "over 6 months", "11")
	add("2023Q2", "2023-06-30", "2023-08-01", "over 3 months", "5")
	add("2023Q3", "2023-09-30", "2023-11-01", "over 3 months", "6")
	add("2023Q3", "2023-09-30", "2023-11-01", "over 9 months", "17")
	add("2023Q1", "2023-03-31", "2023-05-01", "over 3 months", "6")
	add("2023FY", "2023-12-31", "2024-02-20", "over 12 months", "27")
	add("2024Q1", "2024-03-31", "2024-05-01", "over 3 months", "9")
	w, c := valued(t, "", list)
	c.now = time.Date(2024, 6, 1, 12, 0, 0, 0, time.UTC)
	values, how, _ := computed(t, w, "X")
	require.Equal(t, "0.6", values["return_on_equity"], "(5 + 6 + (27-17) + 9) / 50")
	require.Equal(t, "0.5", values["earnings_growth"], "9/6 - 1")
	require.Equal(t, "no statement names a count of shares", how["earnings_per_share"])
}

// The documented CSV names a statement and a fiscal period. Figures of FY are of a year,
// beside a fourth quarter's and without one; what is held at its end is as any other's.
func TestRatiosOfFiscalYears(t *testing.T) {
	q := func(period, end, known, income string) []pitwall.Record {
		return filed("X", period, end, known, "net_income_loss", income, "revenues", "100", "equity", "50", "diluted_average_shares", "10")
	}
	before := slices.Concat(q("2023Q1", "2023-03-31", "2023-05-01", "6"), q("2023Q2", "2023-06-30", "2023-08-01", "5"), q("2023Q3", "2023-09-30", "2023-11-01", "6"))
	year := q("2023FY", "2023-12-31", "2024-02-21", "27")
	for name, list := range map[string][]pitwall.Record{"alone": slices.Concat(before, year), "beside Q4": slices.Concat(before, year, q("2023Q4", "2023-12-31", "2024-02-20", "10"))} {
		w, c := valued(t, "", list)
		c.now = time.Date(2024, 3, 1, 12, 0, 0, 0, time.UTC)
		values, how, _ := computed(t, w, "X")
		require.Equal(t, "0.54", values["return_on_equity"], "%s: (6 + 5 + 6 + 10) / 50, not 44/50: %s", name, how["return_on_equity"])
		require.Equal(t, "37.037037", values["price_to_earnings"], "%s: 10 x 100 / 27: %s", name, how["price_to_earnings"])
	}

	// A quarter restated after the year was filed is a part of the year less three: it
	// shows, with the time from which it was known.
	w, c := valued(t, "", slices.Concat(before, year, q("2024Q1", "2024-03-31", "2024-05-01", "9"), q("2023Q3", "2023-09-30", "2024-05-03", "7")))
	c.now = time.Date(2024, 6, 1, 12, 0, 0, 0, time.UTC)
	_, _, out := computed(t, w, "X")
	require.Equal(t, "net_income", out.Inputs[5].Input)
	require.Equal(t, "30", out.Inputs[5].Value, "5 + 7 + (27 - 6 - 5 - 7) + 9")
	require.Equal(t, "2023Q2 2023Q3 2023FY less 2023Q1 2023Q2 2023Q3 2024Q1", out.Inputs[5].Periods)
	require.Equal(t, "2024-05-03T21:00:00Z", out.Inputs[5].Known)
}

// Real statements and prices: Apple on 2025-05-05, by the figures of its filings.
// Four quarters to March 2025: net income 21,448 + 14,736 + 36,330 + 24,780 = 97,294
// million, revenue 85,777 + 94,930 + 124,300 + 95,359 = 400,366, equity 66,796, diluted
// shares 15,056.133 million.
func TestRatiosOfCompanies(t *testing.T) {
	dir := os.DirFS("../../shared/data")
	if _, err := fs.Stat(dir, "fundamentals"); err != nil {
		t.Skip("skipped: no ../shared")
	}
	store, err := history.Load(context.Background(), []history.Input{{FS: dir, Path: "fundamentals/quarterly_financials.csv"},
		{FS: dir, Path: "daily/us_daily_raw.csv", Adjusted: pitwall.Raw}, {FS: dir, Path: "daily/corporate_actions.csv"}}, history.Options{Symbols: []string{"AAPL", "AMZN", "JPM", "MSFT"}})
	require.NoError(t, err)
	w, _ := liveWorld()
	c := &clockAt{Clock: w.Clock}
	m := wall.New(store, c.Now, []string{"AAPL", "AMZN", "JPM", "MSFT"})
	w.Clock, w.Market, w.Instruments, w.Records = c, m, m, wall.NewRecords(store.Records(), c.Now, false)
	on := func(date, symbol string) (map[string]string, map[string]string) {
		day, _ := time.Parse(time.DateOnly, date)
		c.now = day.Add(12 * time.Hour)
		values, how, _ := computed(t, w, symbol)
		return values, how
	}
	values, how := on("2025-05-06", "AAPL") // the close of the day before: 198.89
	for name, want := range map[string]string{"price_to_earnings": "30.777995", "price_to_book": "44.830743", "return_on_equity": "1.456584", "gross_margin": "0.466321", "net_margin": "0.243013",
		"long_term_debt_to_equity": "1.380322", "graham_number": "25.397799", "revenue_growth": "0.050753", "earnings_growth": "0.048401"} {
		require.Equal(t, want, values[name], "%s: %s", name, how[name])
	}
	// Amazon's first quarter of 2022, filed before its split of twenty for one.
	values, _ = on("2022-06-06", "AMZN")
	require.Equal(t, "58.166674", values["price_to_earnings"])
	values, how = on("2022-06-20", "AMZN")
	require.Equal(t, "50.498277", values["price_to_earnings"])
	require.Equal(t, "24.959522", values["graham_number"])
	require.Equal(t, "liabilities is -134001000000: no ratio at 0 or below", how["liabilities_to_equity"], "as the data have it")
	_, how = on("2024-11-05", "JPM")
	require.Equal(t, "no gross_profit of the quarter to 2023-12-31", how["gross_margin"], "a bank has none")
	_, how = on("2025-05-06", "MSFT")
	require.Equal(t, "statements end on 2024-09-30 and 2025-03-31: a quarter is missing between them, or one is longer", how["net_margin"])
}

// The SQL table ratios holds what `fundamentals` gives at that time: nothing before the
// first statement, null where there is no ratio, and what a split or a newer statement
// changes.
func TestRatiosTableIsTheTool(t *testing.T) {
	w, c := valued(t, "", year())
	table := tools.RatiosTable(w)
	require.Equal(t, "ratios", table.Name)
	for day, statement := range map[string][2]string{"2023-04-01": {}, "2023-12-05": {"2023-09-30", "2023-11-01"}, "2024-06-01": {"2024-03-31", "2024-05-01"}, "2024-06-12": {"2024-03-31", "2024-05-01"}, "2024-08-02": {"2024-06-30", "2024-08-01"}} {
		at, err := time.Parse(time.DateOnly, day)
		require.NoError(t, err)
		c.now = at.Add(12 * time.Hour)
		rows, err := table.Rows(t.Context(), c.now)
		require.NoError(t, err)
		if statement[0] == "" {
			require.Empty(t, rows, day)
			continue
		}
		want, _, out := computed(t, w, "X")
		require.Len(t, rows, len(out.Ratios))
		for i, row := range rows {
			require.Len(t, row, len(table.Columns))
			name := out.Ratios[i].Name
			require.Equal(t, []any{"X", name}, row[:2])
			if want[name] == "null" {
				require.Nil(t, row[2], "%s %s", day, name)
			} else {
				require.Equal(t, want[name], strconv.FormatFloat(row[2].(float64), 'f', -1, 64), "%s %s", day, name)
			}
			require.Equal(t, statement[0], row[3])
			require.Equal(t, statement[1], row[4].(time.Time).Format(time.DateOnly))
		}
	}
}
