package pitwall

import (
	"encoding/json"
	"math"
	"math/big"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestParseDec(t *testing.T) {
	for _, c := range []struct {
		in   string
		want Dec
		err  string
	}{
		{"0", 0, ""}, {"-0", 0, ""}, {"1", One, ""}, {"+1.5", 150_000_000, ""}, {"-0.00000001", -1, ""},
		{"0.123456780", 12_345_678, ""}, {"1e3", 1000 * One, ""}, {"1.5E-2", 1_500_000, ""}, {"100e-10", 1, ""},
		{"92233720368.54775807", math.MaxInt64, ""}, {".5", One / 2, ""}, {"5.", 5 * One, ""},
		{"00012", 12 * One, ""}, {"0e999", 0, ""}, {"64.50000000000000", 64*One + One/2, ""},
		{"92233720368.54775808", 0, "too large"}, {"1e30", 0, "too large"}, {"99999999999999999999999", 0, "too large"},
		{"0.123456789", 0, "more than 8 decimals"}, {"1e-9", 0, "more than 8 decimals"}, {"1.1234567890123456789012", 0, "more than 8 decimals"},
		{"", 0, "not a decimal"}, {"NaN", 0, "not a decimal"}, {"Inf", 0, "not a decimal"}, {"-", 0, "not a decimal"}, {".", 0, "not a decimal"},
		{"1.2.3", 0, "not a decimal"}, {"0x10", 0, "not a decimal"}, {"1e", 0, "not a decimal"}, {"1e99999", 0, "not a decimal"}, {"1 ", 0, "not a decimal"}, {"1,000", 0, "not a decimal"},
	} {
		got, err := ParseDec(c.in)
		if c.err != "" {
			require.ErrorContains(t, err, c.err, c.in)
			continue
		}
		require.NoError(t, err, c.in)
		require.Equal(t, c.want, got, c.in)
	}
}

func TestDecRounding(t *testing.T) {
	for _, c := range []struct {
		name    string
		a, b, d string
		want    string
	}{
		{"half to even, down", "0.00000001", "0.5", "1", "0"},
		{"half to even, up", "0.00000003", "0.5", "1", "0.00000002"},
		{"negative half to even", "-0.00000003", "0.5", "1", "-0.00000002"},
		{"one third", "1", "1", "3", "0.33333333"},
		{"two thirds", "2", "1", "3", "0.66666667"},
		{"128-bit product", "90000000000", "90000000000", "90000000000", "90000000000"},
	} {
		a, b, d := dec(t, c.a), dec(t, c.b), dec(t, c.d)
		got, err := a.MulDiv(b, d)
		require.NoError(t, err, c.name)
		require.Equal(t, c.want, got.String(), c.name)
	}
	require.Equal(t, "2.68", dec(t, "2.675").Round(2).String())
	require.Equal(t, "2.66", dec(t, "2.665").Round(2).String())
	require.Equal(t, "-3", dec(t, "-2.5000001").Round(0).String())
	require.Equal(t, "-12", dec(t, "-12.9").Floor(One).String())
}

func TestDecErrors(t *testing.T) {
	_, err := MaxDec.Add(1)
	require.ErrorIs(t, err, ErrOverflow)
	_, err = (-MaxDec).Sub(1)
	require.ErrorIs(t, err, ErrOverflow, "the one value without a negative is refused too")
	_, err = MaxDec.Mul(2 * One)
	require.ErrorIs(t, err, ErrOverflow)
	_, err = One.Div(0)
	require.ErrorIs(t, err, ErrDivideByZero)
	var c Calc
	require.Zero(t, c.Add(c.Mul(MaxDec, MaxDec), One))
	require.ErrorIs(t, c.Err, ErrOverflow, "the first error stays")
}

func TestDecJSON(t *testing.T) {
	var v struct{ A, B Dec }
	require.NoError(t, json.Unmarshal([]byte(`{"A": 12345678901.12345678, "B": "5"}`), &v))
	require.Equal(t, "12345678901.12345678", v.A.String())
	require.Equal(t, 5*One, v.B)
	out, err := json.Marshal(v)
	require.NoError(t, err)
	require.Equal(t, `{"A":12345678901.12345678,"B":5}`, string(out))
	for _, bad := range []string{`{"A": 1e30}`, `{"A": 0.123456789}`, `{"A": "NaN"}`, `{"A": true}`, `{"A": [1]}`} {
		require.Error(t, json.Unmarshal([]byte(bad), &v), bad)
	}
}

// Arithmetic agrees with exact rationals rounded half to even.
func TestDecAgainstRationals(t *testing.T) {
	any64 := rapid.Custom(func(t *rapid.T) Dec {
		v := rapid.Int64Range(-math.MaxInt64, math.MaxInt64).Draw(t, "v")
		return Dec(v >> rapid.IntRange(0, 62).Draw(t, "shift"))
	})
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := any64.Draw(t, "a"), any64.Draw(t, "b"), any64.Draw(t, "c")
		if c == 0 {
			c = 1
		}
		got, err := a.MulDiv(b, c)
		want, fits := evenQuotient(new(big.Int).Mul(big.NewInt(int64(a)), big.NewInt(int64(b))), big.NewInt(int64(c)))
		if fits != (err == nil) || (fits && int64(got) != want) {
			t.Fatalf("%d*%d/%d = %d, %v; want %d (fits %v)", a, b, c, got, err, want, fits)
		}
		back, err := ParseDec(a.String())
		if err != nil || back != a {
			t.Fatalf("%d is written %s and read %d, %v", a, a, back, err)
		}
		sum, err := a.Add(b)
		exact := new(big.Int).Add(big.NewInt(int64(a)), big.NewInt(int64(b)))
		if ok := exact.IsInt64() && exact.Int64() != math.MinInt64; ok != (err == nil) || (ok && exact.Int64() != int64(sum)) {
			t.Fatalf("%d+%d = %d, %v; want %v", a, b, sum, err, exact)
		}
	})
}

// evenQuotient is n/d rounded half to even, and whether it fits a Dec.
func evenQuotient(n, d *big.Int) (int64, bool) {
	q, r := new(big.Int).QuoRem(n, d, new(big.Int))
	twice := new(big.Int).Abs(new(big.Int).Lsh(r, 1))
	cmp := twice.Cmp(new(big.Int).Abs(d))
	if cmp > 0 || (cmp == 0 && q.Bit(0) == 1) {
		q.Add(q, big.NewInt(int64(n.Sign()*d.Sign())))
	}
	return q.Int64(), q.IsInt64() && q.Int64() != math.MinInt64
}

func FuzzParseDec(f *testing.F) {
	for _, s := range []string{"1", "-0.5", "1e3", "99999999999", "0.123456789", "NaN", "1e-400", strings.Repeat("9", 50)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := ParseDec(s)
		if err != nil {
			return
		}
		// What is accepted is exactly the number that was written.
		want, ok := new(big.Rat).SetString(s)
		if !ok {
			t.Fatalf("%q was read as %v and is no number", s, d)
		}
		if want.Cmp(big.NewRat(int64(d), int64(One))) != 0 {
			t.Fatalf("%q was read as %v", s, d)
		}
	})
}

func dec(t testing.TB, s string) Dec {
	t.Helper()
	d, err := ParseDec(s)
	require.NoError(t, err)
	return d
}
