package layout

import (
	"math"
	"strconv"

	"pitwall"
)

// What a price may lose when it is rounded to 8 decimals, as a part of it: the texts of
// binary floats lose Noise, and nothing may lose more than Most.
const (
	Noise = 1e-9
	Most  = 1e-4
)

// Figure reads a number as ParseDec reads its text, with a decimal mark, and rounds it
// half to even to 8 decimals. loss is the part of it that rounding changed. What it does
// not read may still be a number, for those who read texts.
func Figure(s string, decimal byte) (d pitwall.Dec, loss float64, ok bool) {
	n, i := uint64(0), 0
	for ; i < len(s) && i <= 9 && s[i]-'0' <= 9; i++ {
		n = n*10 + uint64(s[i]-'0')
	}
	if i == 0 || i > 9 {
		return slowFigure(s, decimal)
	}
	if i == len(s) {
		return pitwall.Dec(n) * pitwall.One, 0, true
	}
	places := len(s) - i - 1
	if s[i] != decimal || places > 8 {
		return slowFigure(s, decimal)
	}
	for i++; i < len(s); i++ {
		if s[i]-'0' > 9 {
			return slowFigure(s, decimal)
		}
		n = n*10 + uint64(s[i]-'0')
	}
	return pitwall.Dec(n * tens[8-places]), 0, true
}

// tens are the powers of ten that an integer holds.
var tens = func() (list [20]uint64) {
	list[0] = 1
	for i := 1; i < len(list); i++ {
		list[i] = list[i-1] * 10
	}
	return list
}()

// slowFigure reads numbers with a sign, an exponent or many digits.
func slowFigure(s string, decimal byte) (d pitwall.Dec, loss float64, ok bool) {
	n, exp, negative, ok := number(s, decimal)
	if !ok {
		return 0, 0, false
	}
	d, loss, ok = scaled(n, exp)
	if negative {
		d = -d
	}
	return d, loss, ok
}

// number takes a number apart: its digits, of which there are at most 19, and the power
// of ten of the last one.
func number(s string, decimal byte) (n uint64, exp int, negative, ok bool) {
	i := 0
	if i < len(s) && (s[i] == '-' || s[i] == '+') {
		negative, i = s[i] == '-', 1
	}
	digits, points := 0, 0
	for ; i < len(s); i++ {
		switch c := s[i]; {
		case c-'0' <= 9:
			if n > (math.MaxUint64-9)/10 {
				return 0, 0, false, false
			}
			n, digits, exp = n*10+uint64(c-'0'), digits+1, exp-points
		case c == decimal && points == 0:
			points = 1
		case (c == 'e' || c == 'E') && digits > 0:
			e, err := strconv.Atoi(s[i+1:])
			return n, exp + e, negative, err == nil && e >= -1000 && e <= 1000
		default:
			return 0, 0, false, false
		}
	}
	return n, exp, negative, digits > 0
}

// scaled returns n times a power of ten.
func scaled(n uint64, exp int) (d pitwall.Dec, loss float64, ok bool) {
	switch shift := exp + 8; {
	case n == 0:
		return 0, 0, true
	case shift >= len(tens), shift >= 0 && n > math.MaxInt64/tens[shift]:
		return 0, 0, false
	case shift >= 0:
		return pitwall.Dec(n * tens[shift]), 0, true
	case -shift >= len(tens):
		return 0, 0, false
	default:
		unit := tens[-shift]
		q, rest := n/unit, n%unit
		off := rest
		if rest > unit-rest || rest == unit-rest && q%2 == 1 {
			q, off = q+1, unit-rest
		}
		return pitwall.Dec(q), float64(off) / float64(n), q <= math.MaxInt64
	}
}

// decOf reads a binary float as its shortest text, which is what people see of it.
func decOf(f float64) (d pitwall.Dec, loss float64, ok bool) {
	// A decimal of at most 15 figures is the only one of so few that is this float, and
	// so its shortest text.
	if units := math.RoundToEven(f * 1e8); math.Abs(units) < 1e15 && units/1e8 == f {
		return pitwall.Dec(units), 0, true
	}
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return 0, 0, false
	}
	var room [32]byte
	d, loss, ok = slowFigure(string(strconv.AppendFloat(room[:0], f, 'e', -1, 64)), '.')
	return d, loss, ok
}

// floatOf reads a volume as ParseFloat does its text, with a decimal mark.
func floatOf(s string, decimal byte) (f float64, ok bool) {
	const exact = 1 << 53 // and powers of ten to 22: one rounding
	n, exp, negative, ok := number(s, decimal)
	switch {
	case ok && n <= exact && !negative && exp <= 0 && exp >= -19:
		return float64(n) / float64(tens[-exp]), true
	case decimal != '.' || !isPlain(s):
		return 0, false
	}
	f, err := strconv.ParseFloat(s, 64)
	return f, err == nil && f >= 0 && !math.IsInf(f, 0)
}
