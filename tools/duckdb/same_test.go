package duckdb

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"pitwall"
	"pitwall/sim/wall"
)

// An answer is a function of the data, the clock and the text: tables that grew
// query by query, tables that were loaded at once, and tables whose worker was
// killed answer with the same bytes. A campaign of 10,000 generated statements:
// PITWALL_SQL_SAME=10000 go test ./tools/duckdb -run 'TheSame|HostDate' -v -timeout 0
func TestAnswersAreTheSame(t *testing.T) {
	n := 60
	_, _ = fmt.Sscan(os.Getenv("PITWALL_SQL_SAME"), &n)
	const each = 30 // statements at one time
	checks := flag.Lookup("rapid.checks").Value.String()
	require.NoError(t, flag.Set("rapid.checks", strconv.Itoa(each)))
	defer func() { require.NoError(t, flag.Set("rapid.checks", checks)) }()

	src := uneven(t)
	rng := rand.New(rand.NewPCG(5, 6))
	grown, killed := lived(t, src, firstDay), lived(t, src, firstDay)
	compared, answered, timeouts := 0, 0, 0
	for stop := range n / each {
		day := firstDay + (stop+1)*(days-firstDay)*each/n
		for grown.day < day {
			for _, w := range []*past{grown, killed} {
				w.move(min(day, w.day+1+rng.IntN(60)))
				if rng.IntN(3) > 0 {
					w.tell(corpus[rng.IntN(len(corpus))])
				}
			}
			killed.move(grown.day)
		}
		fresh := lived(t, src, day)
		same := func(t require.TestingT, text string) {
			want := fresh.tell(text)
			for name, w := range map[string]*past{"grown": grown, "killed": killed} {
				got := w.tell(text)
				if strings.HasPrefix(want, string(pitwall.Timeout)) || strings.HasPrefix(got, string(pitwall.Timeout)) {
					timeouts++ // a fault of this moment, and no answer
					return
				}
				require.Equal(t, want, got, "day %d, %s: %s", day, name, text)
			}
			compared++
			if strings.HasPrefix(want, "{") {
				answered++
			}
		}
		require.NoError(t, killed.drop())
		if stop == 0 {
			for _, text := range append(append(append([]string{}, hostile...), corpus...), statements(t)...) {
				same(t, text)
			}
		}
		rapid.Check(t, func(r *rapid.T) {
			text := statement(r)
			switch rapid.IntRange(0, 9).Draw(r, "what happened before") {
			case 0:
				_ = killed.drop()
			case 1:
				grown.tell("SELECT error(symbol) FROM every")
			case 2:
				grown.tell(statement(r))
			case 3:
				spec := grown.specs["pair"]
				require.NoError(r, grown.Define(context.Background(), pitwall.TableSpec{Name: "pair", Symbols: []string{"AAPL"}}))
				grown.tell("SELECT count(*) FROM pair")
				require.NoError(r, grown.Define(context.Background(), spec))
			}
			same(r, text)
		})
	}
	t.Logf("%d statements compared, %d of them answered, %d timed out", compared, answered, timeouts)
	require.Greater(t, answered, n*9/10, "too few are SQL")
	require.Less(t, timeouts, 1+compared/50)
}

const days, firstDay = 900, 260 // on the first, every symbol has bars

// uneven is six symbols whose bars differ in all that may decide where a row
// lies: gaps, late bars, later first days, prices whose sum depends on its order.
func uneven(t testing.TB) pitwall.Source {
	rng := rand.New(rand.NewPCG(3, 4))
	var src source
	for k, symbol := range []string{"AAPL", "B", "C", "D", "E", "F"} {
		s := &pitwall.Series{Instrument: pitwall.Instrument{Symbol: symbol, Kind: pitwall.Equity, Zone: newYork}, Size: 24 * time.Hour}
		price := 50.0
		known := time.Time{}
		for d := k * k * 9; d < days; d++ {
			if k == 4 && rng.IntN(3) == 0 {
				continue
			}
			end := dayEnd(d)
			known = later(known.Add(time.Second), end.Add(time.Duration(rng.IntN(1+k)*rng.IntN(40))*time.Hour))
			price *= 1 + (rng.Float64()-0.5)/20
			p, err := pitwall.FromFloat(price)
			require.NoError(t, err)
			volume := float64(rng.IntN(1e6)) + rng.Float64()
			if k == 5 && d%7 == 0 {
				volume = pitwall.NoVolume
			}
			require.NoError(t, s.Append(pitwall.Bar{Symbol: symbol, Start: end.Add(-390 * time.Minute), End: end, Known: known, Open: p, High: p + pitwall.One, Low: p - pitwall.One, Close: p, Volume: volume}))
		}
		src = append(src, s)
	}
	return acted{src}
}

func dayEnd(d int) time.Time { return time.Date(2019, 1, 1+d, 16, 0, 0, 0, newYork) }

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// acted is a source with splits and dividends.
type acted struct{ source }

func (acted) Actions() []pitwall.Action {
	var list []pitwall.Action
	for d := 40; d < days; d += 90 {
		list = append(list, pitwall.Action{Symbol: "AAPL", Ex: dayEnd(d).Add(-16 * time.Hour), Type: "dividend", Value: pitwall.One / 4})
	}
	return append(list, pitwall.Action{Symbol: "B", Ex: dayEnd(500).Add(-16 * time.Hour), Type: "split", Value: pitwall.Int(3)})
}

// past is a world with a past of its own.
type past struct {
	*world
	day int
}

func lived(t testing.TB, src pitwall.Source, day int) *past {
	p := &past{&world{}, day}
	p.move(day)
	now := func() time.Time { return p.now }
	p.Tables = New(wall.New(src, now, nil), now, newYork)
	p.deadline = time.Second
	t.Cleanup(func() { require.NoError(t, p.Close()) })
	all := []string{"AAPL", "B", "C", "D", "E", "F"}
	for _, s := range []pitwall.TableSpec{{Name: "a", Symbols: all[:1]}, {Name: "aapl", Symbols: all[:1]}, {Name: "pair", Symbols: []string{"B", "AAPL"}}, {Name: "every", Symbols: all},
		{Name: "adjusted", Symbols: all[:3], Adjusted: pitwall.TotalAdjusted}, {Name: "splits", Symbols: all[1:3], Adjusted: pitwall.SplitAdjusted}, {Name: "weeks", Symbols: all, Size: pitwall.OneWeek}} {
		require.NoError(t, p.Define(t.Context(), s))
	}
	return p
}

func (p *past) move(day int) { p.day, p.now = day, dayEnd(day) }

// tell is an answer in bytes.
func (p *past) tell(text string) string {
	r, err := p.Query(context.Background(), text, 60)
	if err != nil {
		return err.Error()
	}
	b, err := json.Marshal(r)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// statements are those of the project's cases.
func statements(t testing.TB) []string {
	raw, err := os.ReadFile("../../../shared/cases/sql/statements.jsonl")
	if err != nil {
		t.Log("skipped: no ../shared")
		return nil
	}
	var list []string
	for s := bufio.NewScanner(bytes.NewReader(raw)); s.Scan(); {
		var c struct{ SQL string }
		require.NoError(t, json.Unmarshal(s.Bytes(), &c))
		list = append(list, c.SQL)
	}
	require.NotEmpty(t, list)
	return list
}

// Tables that were written many times before answer as those written once do: DuckDB
// would checkpoint after 16 MB, and begin a new block there.
func TestRewrittenTablesAreTheSame(t *testing.T) {
	src := uneven(t)
	grown := lived(t, src, 700)
	spec := grown.specs["every"]
	other := spec
	other.Symbols = slices.Clone(spec.Symbols)
	slices.Reverse(other.Symbols) // the same rows, and another definition
	for range 60 {
		for _, s := range []pitwall.TableSpec{other, spec} {
			require.NoError(t, grown.Define(t.Context(), s))
			grown.tell("SELECT 1")
		}
	}
	grown.move(days)
	fresh := lived(t, src, days)
	for _, text := range corpus {
		require.Equal(t, fresh.tell(text), grown.tell(text), text)
	}
}
