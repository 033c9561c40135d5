package pitwall

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
	"strconv"
)

// Dec is an exact decimal in units of 1e-8: a price, a quantity or money.
//
// It reaches ±92,233,720,368.54775807. Products and quotients go through 128
// bits and are rounded half to even once. Whatever does not fit is an error,
// never a wrapped number. Prices below a cent would lose figures: they are quoted per
// 1,000 units or more; see [Instrument].
type Dec int64

// One is 1 as a Dec.
const One Dec = 100_000_000

// MaxDec is the largest Dec.
const MaxDec Dec = math.MaxInt64

const decPlaces = 8

// ErrOverflow says that a result leaves the range of Dec.
var ErrOverflow = errors.New("number too large: Pitwall keeps numbers up to 92,233,720,368 with 8 decimals")

// ErrDecimals says that a text has a ninth decimal.
var ErrDecimals = errors.New("more than 8 decimals")

// ErrDivideByZero says that a divisor was zero.
var ErrDivideByZero = errors.New("division by zero")

// Int returns n as a Dec. It panics when n is beyond the range, so it is for
// constants in code; parse input instead.
func Int(n int64) Dec {
	if n > int64(MaxDec/One) || n < -int64(MaxDec/One) {
		panic(ErrOverflow)
	}
	return Dec(n) * One
}

// ParseDec reads a decimal such as "12", "-0.5" or "1.5e3".
//
// A ninth decimal other than 0, NaN, infinities, empty text and numbers beyond
// the range are errors that name the text.
func ParseDec(s string) (Dec, error) {
	if d, ok := plainDec(s); ok {
		return d, nil
	}
	neg, digits, exp, err := splitNumber(s)
	if err != nil {
		return 0, err
	}
	var mag uint64
	for i := 0; i < len(digits); i++ {
		hi, lo := bits.Mul64(mag, 10)
		sum, carry := bits.Add64(lo, uint64(digits[i]-'0'), 0)
		if hi != 0 || carry != 0 || sum > math.MaxInt64 {
			return tooLong(s, digits, exp)
		}
		mag = sum
	}
	for shift := exp + decPlaces; mag != 0 && shift != 0; {
		if shift > 0 {
			hi, lo := bits.Mul64(mag, 10)
			if hi != 0 || lo > math.MaxInt64 {
				return 0, fmt.Errorf("%q: %w", s, ErrOverflow)
			}
			mag, shift = lo, shift-1
			continue
		}
		if mag%10 != 0 {
			return 0, fmt.Errorf("%q has %w; round it first", s, ErrDecimals)
		}
		mag, shift = mag/10, shift+1
	}
	if neg {
		return -Dec(mag), nil
	}
	return Dec(mag), nil
}

// plainDec reads most numbers that there are: at most nine digits, then perhaps a point
// and at most eight more, which need none of ParseDec's care.
func plainDec(s string) (Dec, bool) {
	n, i := int64(0), 0
	for ; i < len(s) && i <= 9 && s[i]-'0' <= 9; i++ {
		n = n*10 + int64(s[i]-'0')
	}
	if i == 0 || i > 9 {
		return 0, false
	}
	if i == len(s) {
		return Dec(n) * One, true
	}
	places := len(s) - i - 1
	if s[i] != '.' || places > decPlaces {
		return 0, false
	}
	for i++; i < len(s); i++ {
		if s[i]-'0' > 9 {
			return 0, false
		}
		n = n*10 + int64(s[i]-'0')
	}
	for ; places < decPlaces; places++ {
		n *= 10
	}
	return Dec(n), true
}

// tooLong decides which of the two limits a number with too many digits broke.
func tooLong(s, digits string, exp int) (Dec, error) {
	if exp >= -decPlaces || len(digits)+exp > 11 {
		return 0, fmt.Errorf("%q: %w", s, ErrOverflow)
	}
	return 0, fmt.Errorf("%q has %w; round it first", s, ErrDecimals)
}

// splitNumber takes "-12.5e3" apart into sign, digits without leading zeros,
// and the power of ten of the last digit. Trailing zeros after the point go.
func splitNumber(s string) (neg bool, digits string, exp int, err error) {
	bad := func() (bool, string, int, error) {
		return false, "", 0, fmt.Errorf("%q is not a decimal number", clip(s, 40))
	}
	rest := s
	if rest != "" && (rest[0] == '-' || rest[0] == '+') {
		neg, rest = rest[0] == '-', rest[1:]
	}
	mant := rest
	for i := 0; i < len(rest); i++ {
		if rest[i] == 'e' || rest[i] == 'E' {
			mant = rest[:i]
			exp, err = strconv.Atoi(rest[i+1:])
			if err != nil || exp > 1000 || exp < -1000 {
				return bad()
			}
			break
		}
	}
	buf := make([]byte, 0, 24)
	seenPoint, seenDigit := false, false
	for i := 0; i < len(mant); i++ {
		c := mant[i]
		switch {
		case c == '.' && !seenPoint:
			seenPoint = true
		case c >= '0' && c <= '9':
			seenDigit = true
			if seenPoint {
				exp--
			}
			if c != '0' || len(buf) > 0 {
				buf = append(buf, c)
			}
		default:
			return bad()
		}
	}
	if !seenDigit {
		return bad()
	}
	for seenPoint && exp < 0 && len(buf) > 0 && buf[len(buf)-1] == '0' {
		buf, exp = buf[:len(buf)-1], exp+1
	}
	return neg, string(buf), exp, nil
}

// clip shortens text that goes into an error.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return s[:n] + "…"
}

// FromFloat rounds f half to even at the eighth decimal. It is for input that
// is a float by nature (a Parquet column); money never passes through it.
func FromFloat(f float64) (Dec, error) {
	scaled := math.RoundToEven(f * float64(One))
	if math.IsNaN(scaled) || math.Abs(scaled) >= math.MaxInt64 {
		return 0, fmt.Errorf("%v: %w", f, ErrOverflow)
	}
	return Dec(scaled), nil
}

// Float returns d as a float64, for statistics only.
func (d Dec) Float() float64 { return float64(d) / float64(One) }

// String writes d without trailing zeros: "12.5", "-0.00000001", "0".
func (d Dec) String() string { return string(d.Append(nil)) }

// Append appends d's text to b.
func (d Dec) Append(b []byte) []byte {
	mag := uint64(d)
	if d < 0 {
		b = append(b, '-')
		mag = -mag
	}
	b = strconv.AppendUint(b, mag/uint64(One), 10)
	frac := mag % uint64(One)
	if frac == 0 {
		return b
	}
	var tmp [decPlaces]byte
	n := decPlaces
	for i := decPlaces - 1; i >= 0; i-- {
		tmp[i] = byte('0' + frac%10)
		frac /= 10
		if tmp[i] == '0' && n == i+1 {
			n = i
		}
	}
	b = append(b, '.')
	return append(b, tmp[:n]...)
}

// Round returns d rounded half to even to the given number of decimals (0..8).
func (d Dec) Round(places int) Dec {
	if places < 0 || places >= decPlaces {
		return d
	}
	step := Dec(1)
	for range decPlaces - places {
		step *= 10
	}
	q, r := d/step, d%step
	if r < 0 {
		r = -r
	}
	if r > step-r || (r == step-r && q%2 != 0) {
		if d < 0 {
			q--
		} else {
			q++
		}
	}
	return q * step
}

// Floor returns the largest multiple of step that is not farther from zero
// than d. A step of zero or less returns d.
func (d Dec) Floor(step Dec) Dec {
	if step <= 0 {
		return d
	}
	return d - d%step
}

// Abs returns the magnitude of d.
func (d Dec) Abs() Dec {
	if d < 0 {
		return -d
	}
	return d
}

// Add returns d+e.
func (d Dec) Add(e Dec) (Dec, error) {
	s := d + e
	if (d > 0 && e > 0 && s < 0) || (d < 0 && e < 0 && s >= 0) || s == math.MinInt64 {
		return 0, ErrOverflow
	}
	return s, nil
}

// Sub returns d-e.
func (d Dec) Sub(e Dec) (Dec, error) {
	if e == math.MinInt64 {
		return 0, ErrOverflow
	}
	return d.Add(-e)
}

// Mul returns d*e, rounded half to even.
func (d Dec) Mul(e Dec) (Dec, error) { return mulDiv(d, e, One) }

// Div returns d/e, rounded half to even.
func (d Dec) Div(e Dec) (Dec, error) { return mulDiv(d, One, e) }

// MulDiv returns d*e/f with one rounding, half to even.
func (d Dec) MulDiv(e, f Dec) (Dec, error) { return mulDiv(d, e, f) }

func mulDiv(a, b, c Dec) (Dec, error) {
	if c == 0 {
		return 0, ErrDivideByZero
	}
	neg := (a < 0) != (b < 0) != (c < 0)
	hi, lo := bits.Mul64(magnitude(a), magnitude(b))
	den := magnitude(c)
	if hi >= den {
		return 0, ErrOverflow
	}
	q, r := bits.Div64(hi, lo, den)
	if twice := den - r; r > twice || (r == twice && q&1 == 1) {
		q++
	}
	if q > math.MaxInt64 {
		return 0, ErrOverflow
	}
	if neg {
		return -Dec(q), nil
	}
	return Dec(q), nil
}

func magnitude(d Dec) uint64 {
	if d < 0 {
		return -uint64(d)
	}
	return uint64(d)
}

// MarshalJSON writes d as a JSON number with its exact decimal text.
func (d Dec) MarshalJSON() ([]byte, error) { return d.Append(nil), nil }

// UnmarshalJSON reads a JSON number, or a string that holds one: models do
// send "5". Anything else is an error.
func (d *Dec) UnmarshalJSON(b []byte) error {
	s := string(b)
	if len(s) >= 2 && s[0] == '"' && s[len(s)-1] == '"' {
		s = s[1 : len(s)-1]
	}
	v, err := ParseDec(s)
	if err != nil {
		return err
	}
	*d = v
	return nil
}

// MarshalText writes the exact decimal text.
func (d Dec) MarshalText() ([]byte, error) { return d.Append(nil), nil }

// UnmarshalText reads a decimal; see [ParseDec].
func (d *Dec) UnmarshalText(b []byte) error {
	v, err := ParseDec(string(b))
	if err != nil {
		return err
	}
	*d = v
	return nil
}

// Calc does a chain of exact arithmetic and keeps the first error, so that a
// formula reads as a formula. The zero value is ready; check Err at the end.
// After an error every result is 0.
type Calc struct{ Err error }

// Add returns a+b.
func (c *Calc) Add(a, b Dec) Dec { return c.keep(a.Add(b)) }

// Sub returns a-b.
func (c *Calc) Sub(a, b Dec) Dec { return c.keep(a.Sub(b)) }

// Mul returns a*b, rounded half to even.
func (c *Calc) Mul(a, b Dec) Dec { return c.keep(a.Mul(b)) }

// Div returns a/b, rounded half to even.
func (c *Calc) Div(a, b Dec) Dec { return c.keep(a.Div(b)) }

// MulDiv returns a*b/d with one rounding, half to even.
func (c *Calc) MulDiv(a, b, d Dec) Dec { return c.keep(a.MulDiv(b, d)) }

// Bps returns a*bps/10,000: a share given in basis points.
func (c *Calc) Bps(a, bps Dec) Dec { return c.keep(mulDiv(a, bps, 10_000*One)) }

func (c *Calc) keep(d Dec, err error) Dec {
	if c.Err == nil {
		c.Err = err
	}
	if c.Err != nil {
		return 0
	}
	return d
}
