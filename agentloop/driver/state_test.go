package driver_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/agentloop/driver"
	"pitwall/brokers/risk"
	"pitwall/cache/history"
	"pitwall/cache/runs"
	"pitwall/tools/leaktest"
)

// stateSpec is a world over the sample in which everything may happen.
func stateSpec() driver.SimSpec {
	return driver.SimSpec{Symbols: []string{"AAA", "BBB"}, From: "2023-03-10", Cash: pitwall.Int(100_000), Rules: pitwall.Rules{VolumeShare: pitwall.One / 10}, Limits: risk.NoLimits()}
}

// sample is the leak test's own sample, which a test beside it writes.
func sample(t testing.TB) (d leaktest.Data) {
	t.Helper()
	body, err := os.ReadFile("../../tools/leaktest/testdata/sample.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(body, &d))
	zone, err := time.LoadLocation("America/New_York")
	require.NoError(t, err)
	for _, s := range d.Series {
		s.Instrument.Zone = zone
	}
	return d
}

// stateAt is a world's digest after n bars.
func stateAt(t testing.TB, d leaktest.Data, spec driver.SimSpec, n int) string {
	s, err := driver.NewSim(history.NewStore(d.Series, d.Actions, d.Records), spec, &pitwall.MemoryJournal{})
	require.NoError(t, err)
	defer s.Close()
	w := s.World()
	for range n {
		_, err := w.Clock.Next(context.Background(), w.Clock.Now())
		require.NoError(t, err)
	}
	return w.Digest()
}

// alter gives a field another value of its type.
func alter(t testing.TB, f reflect.Value) {
	switch x := f.Addr().Interface().(type) {
	case *time.Time:
		*x = x.Add(-time.Minute)
	case *[]string:
		*x = append(slices.Clone(*x), "other")
	case *map[string]string:
		*x = map[string]string{"other": "field"}
	case **pitwall.Calendar:
		*x = &pitwall.Calendar{Name: "other"}
	case **time.Location:
		*x = time.FixedZone("other", 3600)
	case *risk.Limits:
		*x = risk.Limits{}
	case *pitwall.Terms:
		x.Initial = pitwall.One
	case *pitwall.Instrument:
		x.Sector += "x"
	default:
		switch f.Kind() {
		case reflect.String:
			if other, ok := map[string]string{"dividend": "coupon", "raw": "split"}[f.String()]; ok {
				f.SetString(other)
			} else {
				f.SetString(f.String() + "x")
			}
		case reflect.Bool:
			f.SetBool(!f.Bool())
		case reflect.Int, reflect.Int64:
			f.SetInt(f.Int() + 1)
		case reflect.Float64:
			f.SetFloat(f.Float() + 1)
		case reflect.Pointer: // a memory with the defaults
			f.Set(reflect.New(f.Type().Elem()))
		case reflect.Slice, reflect.Struct: // one part stands for it: all go in alike
			if f.Kind() == reflect.Struct {
				alter(t, f.Field(0))
			} else {
				alter(t, f.Index(0))
			}
		default:
			t.Fatalf("a field of type %s: say how to change it", f.Type())
		}
	}
}

// Whatever a world is made of is in its digest, field by field: a new field fails
// here until it is covered, or named among those that no answer shows.
func TestDigestCoversEveryField(t *testing.T) {
	const bars = 30
	base := func() leaktest.Data { return sample(t) }
	withheld := slices.IndexFunc(base().Records, func(r pitwall.Record) bool { return r.Revised })
	for name, c := range map[string]struct {
		of     func(d *leaktest.Data, spec *driver.SimSpec) any // pointer to what is changed
		hidden []string
	}{
		"record":     {func(d *leaktest.Data, _ *driver.SimSpec) any { return &d.Records[0] }, nil},
		"withheld":   {func(d *leaktest.Data, _ *driver.SimSpec) any { return &d.Records[withheld] }, []string{"ID", "Event", "Title", "Text", "Source", "Value", "Fields"}},
		"action":     {func(d *leaktest.Data, _ *driver.SimSpec) any { return &d.Actions[0] }, nil},
		"instrument": {func(d *leaktest.Data, _ *driver.SimSpec) any { return &d.Series[2].Instrument }, []string{"Tradable", "Hours"}},
		"series":     {func(d *leaktest.Data, _ *driver.SimSpec) any { return d.Series[2] }, []string{"File"}},
		"spec":       {func(_ *leaktest.Data, s *driver.SimSpec) any { return s }, []string{"Symbols", "Benchmark", "From", "To", "Revised", "Policy", "OwnPolicy", "Members", "Survived", "Lacking", "Pods", "Allocate"}},
	} {
		fields := reflect.TypeOf(c.of(&leaktest.Data{Records: base().Records, Actions: base().Actions, Series: base().Series}, &driver.SimSpec{})).Elem()
		for i := range fields.NumField() {
			field := fields.Field(i).Name
			d, spec := base(), stateSpec()
			spec.Revised = name != "withheld"
			before := stateAt(t, d, spec, bars)
			v := c.of(&d, &spec)
			if name == "spec" && slices.Contains(c.hidden, field) {
				continue // setup says when each shows
			}
			alter(t, reflect.ValueOf(v).Elem().Field(i))
			after := stateAt(t, d, spec, bars)
			if slices.Contains(c.hidden, field) {
				require.Equal(t, before, after, "%s.%s shows in no answer: no need to ask again", name, field)
			} else {
				require.NotEqual(t, before, after, "%s.%s is not in the digest", name, field)
			}
		}
	}
}

// What a model can see of a run does not depend on the runs beside it.
func TestSiblingRunsAreNotSeen(t *testing.T) {
	dir := t.TempDir()
	seen := func(name string, cash int64) (digest string, attempt int) {
		c := config(filepath.Join(dir, name))
		money := pitwall.Int(cash)
		c.Strategy.Cash = &money
		_, err := driver.Run(context.Background(), c)
		require.NoError(t, err)
		r := runs.Open(os.DirFS(c.Dir))
		turn, err := r.Turn(1)
		require.NoError(t, err)
		return turn.StateDigest, r.Manifest.Attempt
	}
	before, one := seen("a", 100_000)
	_, two := seen("b", 50_000)
	after, again := seen("c", 100_000)
	require.Equal(t, []int{1, 2, 2}, []int{one, two, again})
	require.Equal(t, before, after)
}

// The same data in another order are the same world.
func TestDigestDoesNotDependOnTheOrderOfFiles(t *testing.T) {
	d := sample(t)
	twin := d.Records[0] // the same but for its text: a tie but for the last field
	twin.Text = "as another wire had it"
	d.Records = append(d.Records, twin)
	other := leaktest.Data{Series: d.Series, Actions: d.Actions, Records: slices.Clone(d.Records)}
	slices.Reverse(other.Records)
	require.Equal(t, stateAt(t, d, stateSpec(), 30), stateAt(t, other, stateSpec(), 30))
}

// An index's members are in the digest from the day on which they come or go, and a change
// of later days is not.
func TestDigestCoversMembers(t *testing.T) {
	with := func(until time.Time) string {
		spec := stateSpec()
		spec.Members = []pitwall.Membership{{Symbol: "AAA"}, {Symbol: "BBB", Until: until}}
		return stateAt(t, sample(t), spec, 30)
	}
	day := func(text string) time.Time {
		at, err := time.Parse(time.DateOnly, text)
		require.NoError(t, err)
		return at
	}
	require.NotEqual(t, with(day("2023-03-20")), with(day("2023-03-21")))
	require.NotEqual(t, with(day("2023-03-20")), with(time.Time{}))
	require.Equal(t, with(day("2033-03-20")), with(time.Time{}), "what leaves later is not known yet")
}
