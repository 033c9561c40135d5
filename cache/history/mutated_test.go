package history

import (
	"fmt"
	"maps"
	"math/big"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
)

// mutated is a written file after some random changes, with how it was written.
type mutated struct {
	text        string
	comma       string
	date, marks string
}

// mutate writes a file and changes it.
func mutate(seed uint64) mutated {
	r := rand.New(rand.NewPCG(seed, 16))
	pick := func(list []string) string { return list[r.IntN(len(list))] }
	m := mutated{comma: pick([]string{",", ";", "\t", "|"})}
	m.date = pick(slices.Sorted(maps.Keys(dateForms)))
	m.marks = pick([]string{"plain", "comma", "thousands", "german", "dollars", "six decimals"})
	header := pick([]string{"own", "capitals", "nasdaq", "bloomberg"})
	bars := writtenBars()[:8+r.IntN(12)]
	m.text = writeTable(bars, headers[header], rune(m.comma[0]), dateForms[m.date], numberForms[m.marks])
	m.text = changed(r, m.text, m.comma)
	return m
}

// changed changes a text one to three times: bytes, cells, lines and names.
func changed(r *rand.Rand, text, comma string) string {
	pick := func(list []string) string { return list[r.IntN(len(list))] }
	for range 1 + r.IntN(3) {
		if text == "" {
			break
		}
		lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
		i := r.IntN(len(lines))
		switch r.IntN(9) {
		case 0: // another byte
			if k := r.IntN(len(text)); k > 0 {
				text = text[:k] + pick([]string{"0", "5", ".", ",", "-", "/", " ", "\"", ";", "e", "x", "\x00", "\n"}) + text[k+1:]
			}
			continue
		case 1: // one byte less
			k := r.IntN(len(text))
			text = text[:k] + text[k+1:]
			continue
		case 2: // one more
			k := r.IntN(len(text))
			text = text[:k] + pick([]string{"0", "9", ".", ",", "-", "'", "$", "K", "\t", "\n"}) + text[k:]
			continue
		case 3:
			lines = slices.Delete(lines, i, i+1)
		case 4:
			lines = slices.Insert(lines, i, lines[i])
		case 5:
			j := r.IntN(len(lines))
			lines[i], lines[j] = lines[j], lines[i]
		case 6: // two cells change places
			cells := strings.Split(lines[i], comma)
			a, b := r.IntN(len(cells)), r.IntN(len(cells))
			cells[a], cells[b] = cells[b], cells[a]
			lines[i] = strings.Join(cells, comma)
		case 7: // a cell is another
			cells := strings.Split(lines[i], comma)
			cells[r.IntN(len(cells))] = pick([]string{"", "null", "NaN", "1,234", "1.234", "0", "-5", "2024-01-09", "09/01/2024", "45300", "1.5M", "AAPL"})
			lines[i] = strings.Join(cells, comma)
		case 8: // cut off
			text = text[:r.IntN(len(text)+1)]
			continue
		}
		text = strings.Join(lines, "\n") + "\n"
	}
	return text
}

var (
	refNumber  = regexp.MustCompile(`^[-+]?[0-9]*[.]?[0-9]*([eE][-+]?[0-9]+)?$`)
	refLetters = regexp.MustCompile(`[^a-z]`)
	refDate    = regexp.MustCompile(`^([0-9]{1,4}|[A-Z][a-z]{2}),?[-/. ]([0-9]{1,2}|[A-Z][a-z]{2}),?[-/. ]([0-9]{1,4})`)
)

// yearFirst are the forms that begin with the year.
var yearFirst = map[string]bool{"iso": true, "slashes": true, "points": true, "midnight": true, "T midnight": true, "short": true, "offset": true, "Z": true}

// refDec reads a number in the way in which the file was written; nil is none.
func refDec(text, marks string) *big.Rat {
	text = strings.NewReplacer("$", "", "'", "", " ", "", "\t", "", "\u00a0", "").Replace(text)
	power := int64(1)
	if n := len(text); n > 1 && text[n-1] == 'K' {
		text, power = text[:n-1], 1000
	} else if n > 1 && text[n-1] == 'M' {
		text, power = text[:n-1], 1000000
	}
	if marks == "comma" || marks == "german" {
		text = strings.NewReplacer(",", ".", ".", "").Replace(text)
	} else {
		text = strings.ReplaceAll(text, ",", "")
	}
	if !refNumber.MatchString(text) {
		return nil
	}
	r, ok := new(big.Rat).SetString(text)
	if !ok {
		return nil
	}
	return r.Mul(r, big.NewRat(power, 1))
}

// refDay reads a date in the way in which the file was written; empty is none.
func refDay(text, form string) string {
	text = strings.TrimSpace(text)
	if r, ok := new(big.Rat).SetString(text); ok && refNumber.MatchString(text) && r.IsInt() && r.Num().IsInt64() {
		for _, unit := range []int64{1, 1e3, 1e6, 1e9} {
			if n := r.Num().Int64(); n/unit >= 1e8 && n/unit < 4102444800 {
				return time.Unix(n/unit, 0).In(newYork()).Format(time.DateOnly)
			}
		}
		text = r.Num().String()
	}
	if n, err := strconv.Atoi(text); err == nil && len(text) == 8 {
		return fmt.Sprintf("%04d-%02d-%02d", n/10000, n/100%100, n%100)
	} else if err == nil && len(text) == 5 {
		return time.Date(1899, 12, 30+n, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
	}
	x := refDate.FindStringSubmatch(text)
	if x == nil {
		return ""
	}
	parts := []string{x[1], x[2], x[3]} // day, month, year
	switch {
	case len(x[1]) == 4, x[1][0] <= '9' && yearFirst[form]: // 24-01-11 between 2024-01-10 and 2024-01-12
		parts = []string{x[3], x[2], x[1]}
	case form == "m/d/y" || form == "m/d/yy" || form == "month" || x[1][0] > '9':
		parts = []string{x[2], x[1], x[3]}
	}
	month, err := strconv.Atoi(parts[1])
	if err != nil {
		t, err := time.Parse("Jan", parts[1])
		if err != nil {
			return ""
		}
		month = int(t.Month())
	}
	day, errD := strconv.Atoi(parts[0])
	year, errY := strconv.Atoi(parts[2])
	if errD != nil || errY != nil {
		return ""
	}
	if year < 100 {
		year += 2000
	}
	return fmt.Sprintf("%04d-%02d-%02d", year, month, day)
}

// reference returns the bars that the lines of a file hold, slowly and simply: a set of
// "day open high low close volume". A line that it cannot read is of no bar.
func (m mutated) reference() map[string]bool {
	lines := strings.Split(strings.ReplaceAll(m.text, "\r", ""), "\n")
	for i := 0; i+1 < len(lines); { // a quoted cell may hold the end of a line
		whole := lines[i] + " " + lines[i+1]
		if strings.Count(lines[i], `"`)%2 == 0 || len(refSplit(whole, m.comma[0])) == 1 || !strings.Contains(strings.Join(lines[i+1:], ""), `"`) {
			i++
			continue
		}
		lines[i] = whole
		lines = slices.Delete(lines, i+1, i+2)
	}
	at := map[string]int{}
	out := map[string]bool{}
	for _, line := range lines {
		cells := refSplit(line, m.comma[0])
		found := map[string]int{}
		for i, c := range cells {
			c = refLetters.ReplaceAllString(strings.ToLower(c), "")
			for _, name := range []string{"open", "high", "low", "close", "volume", "timestamp", "date", "last"} {
				if c == name || strings.TrimPrefix(c, "px") == name || c == "closelast" && name == "close" || (c == "vol" || c == "v") && name == "volume" {
					found[name] = i
				}
			}
		}
		if len(found) >= 5 {
			at = found
			continue
		}
		for len(cells) > 7 && cells[len(cells)-1] == "" { // a separator at the end
			cells = cells[:len(cells)-1]
		}
		if len(cells) == 5 && len(at) == 0 && refDec(cells[4], m.marks) != nil { // no header, and a row cut off
			cells = append(cells, "")
		}
		if first := len(cells) - 6; len(at) == 0 && first >= 0 { // no header
			at = map[string]int{"date": first, "open": first + 1, "high": first + 2, "low": first + 3, "close": first + 4, "volume": first + 5}
		}
		if len(at) == 0 {
			continue
		}
		get := func(names ...string) string {
			for _, n := range names {
				if i, ok := at[n]; ok && i < len(cells) {
					return cells[i]
				}
			}
			return ""
		}
		if _, ok := at["date"]; !ok { // no name above the index
			at["date"] = 0
		}
		row := refDay(get("timestamp", "date"), m.date)
		for _, name := range [][]string{{"open"}, {"high"}, {"low"}, {"close", "last"}} {
			v := refDec(get(name...), m.marks)
			if v == nil {
				row = ""
				break
			}
			row += " " + v.FloatString(8)
		}
		volume := "none"
		if v := refDec(get("volume"), m.marks); v != nil && get("volume") != "" {
			f, _ := v.Float64()
			volume = fmt.Sprint(f)
		}
		if row != "" {
			out[row+" "+volume], out[row+" none"] = true, true
		}
	}
	return out
}

// refSplit takes a line apart; a quoted cell may hold the separator.
func refSplit(line string, comma byte) (cells []string) {
	cell, quoted := "", false
	for i := range len(line) {
		switch c := line[i]; {
		case c == '"':
			quoted = !quoted
		case c == comma && !quoted:
			cells, cell = append(cells, cell), ""
		default:
			cell += string(c)
		}
	}
	return append(cells, cell)
}

// judge loads a mutated file and returns the first bar that its lines do not hold.
func (m mutated) judge() (loaded bool, wrong string) {
	s, err := loadBytes("AAPL.csv", []byte(m.text))
	if err != nil {
		return false, ""
	}
	want := m.reference()
	x := s.Series()[0]
	if x.Size == pitwall.OneWeek { // what is left is a week apart: its bars begin on Mondays
		return true, ""
	}
	for i := range x.Open {
		b := x.Bar(i)
		row := b.Start.Format(time.DateOnly)
		for _, p := range []fmt.Stringer{b.Open, b.High, b.Low, b.Close} {
			v, _ := new(big.Rat).SetString(p.String()) // a Dec
			row += " " + v.FloatString(8)
		}
		if volume := fmt.Sprint(b.Volume); b.Volume >= 0 {
			row += " " + volume
		} else if row += " none"; !slices.ContainsFunc(s.Warnings, func(w string) bool { return strings.Contains(w, "AAPL has no volume in") }) {
			return true, row + ", and nothing was said"
		}
		if !want[row] {
			return true, row
		}
	}
	return true, ""
}

// mutations returns the seeds to try: of n a tenth in the short form, which the race
// detector runs.
func mutations(t *testing.T, n uint64) (from, count uint64) {
	if testing.Short() {
		n /= 10
	}
	if v := os.Getenv("PITWALL_MUTATIONS"); v != "" {
		if first, rest, ok := strings.Cut(v, "+"); ok {
			var err error
			from, err = strconv.ParseUint(first, 10, 64)
			require.NoError(t, err)
			v = rest
		}
		var err error
		n, err = strconv.ParseUint(v, 10, 64)
		require.NoError(t, err)
	}
	return from, n
}

// A changed file gives bars that its lines hold, or an error, and never a panic.
// PITWALL_MUTATIONS=1000000 reads a million (default 2,000), and 500000+100000 100,000
// from a seed on.
func TestMutatedFiles(t *testing.T) {
	from, n := mutations(t, 2000)
	loaded := 0
	for seed := from; seed < from+n; seed++ {
		m := mutate(seed)
		ok, wrong := m.judge()
		if wrong != "" {
			t.Errorf("seed %d (%s, %s): the bar %s is in no line of\n%s", seed, m.date, m.marks, wrong, m.text)
		}
		if ok {
			loaded++
		}
	}
	require.Greater(t, loaded, int(n/10))
	t.Logf("%d files, %d loaded", n, loaded)
}

// FuzzLayout is the same for a fuzzer: it chooses the changes by their seed, and bytes to
// put somewhere. Those may hide the header from the reference, so that with them a file
// must be read or refused without a panic.
func FuzzLayout(f *testing.F) {
	for seed := range uint64(20) {
		f.Add(seed, []byte{}, uint16(0))
	}
	f.Fuzz(func(t *testing.T, seed uint64, insert []byte, where uint16) {
		m := mutate(seed)
		if at := int(where); at <= len(m.text) {
			m.text = m.text[:at] + string(insert) + m.text[at:]
		}
		if _, wrong := m.judge(); wrong != "" && len(insert) == 0 {
			t.Fatalf("the bar %s is in no line of\n%s", wrong, m.text)
		}
	})
}
