package replay

import (
	"bytes"
	"strconv"
)

func digit(b byte) bool { return b-'0' < 10 }

// digits returns where the digits that begin at i end.
func (c *canon) digits(i int) int {
	for i < len(c.src) && digit(c.src[i]) {
		i++
	}
	return i
}

// number reads a number. It never leaves decimal: a float64 holds 17 digits, so
// two prices of 18 could share a key.
func (c *canon) number() error {
	from, i := c.at, c.at
	minus := c.src[i] == '-'
	if minus {
		i++
	}
	end := c.digits(i)
	whole := c.src[i:end]
	if len(whole) == 0 || len(whole) > 1 && whole[0] == '0' {
		return c.fail("not a number")
	}
	var fraction []byte
	if i = end; i < len(c.src) && c.src[i] == '.' {
		end = c.digits(i + 1)
		if fraction = c.src[i+1 : end]; len(fraction) == 0 {
			return c.fail("not a number")
		}
	}
	if c.at = end; end < len(c.src) && c.src[end]|0x20 == 'e' {
		e, err := c.exponent()
		if err != nil {
			return err
		}
		return c.decimal(minus, whole, fraction, e)
	}
	// Most are as they should be already.
	if n := len(fraction); len(whole) <= 20 && whole[0] != '0' && (n == 0 || n < 100 && fraction[n-1] != '0') {
		c.out = append(c.out, c.src[from:end]...)
		return nil
	}
	return c.decimal(minus, whole, fraction, 0)
}

// exponent reads e+10. Beyond what a number may have it only says "far away":
// no count of zeros before it can bring it back.
func (c *canon) exponent() (int64, error) {
	i, minus := c.at+1, false
	if i < len(c.src) && (c.src[i] == '+' || c.src[i] == '-') {
		minus = c.src[i] == '-'
		i++
	}
	end := c.digits(i)
	if end == i {
		return 0, c.fail("not a number")
	}
	var e int64
	for _, b := range c.src[i:end] {
		e = min(e*10+int64(b-'0'), 1<<40)
	}
	c.at = end
	if minus {
		e = -e
	}
	return e, nil
}

// decimal writes whole.fraction × 10^e: in full where the point is near the
// digits, else as 1.5e30, so that a short request has a short canonical form.
func (c *canon) decimal(minus bool, whole, fraction []byte, e int64) error {
	c.spare = append(append(c.spare[:0], whole...), fraction...)
	d := bytes.TrimLeft(c.spare, "0")
	point := int64(len(whole)) - int64(len(c.spare)-len(d)) + e // 0.d × 10^point
	d = bytes.TrimRight(d, "0")
	n := int64(len(d))
	if n == 0 {
		c.out = append(c.out, '0')
		return nil
	}
	if max(point, 0)+max(n-point, 0) > maxDigits {
		return c.fail("a number of more than 10,000 digits")
	}
	if minus {
		c.out = append(c.out, '-')
	}
	switch {
	case point > 21 || point < -5:
		c.out = append(c.out, d[0])
		if n > 1 {
			c.out = append(append(c.out, '.'), d[1:]...)
		}
		c.out = strconv.AppendInt(append(c.out, 'e'), point-1, 10)
	case point <= 0:
		c.out = append(c.out, "0.00000"[:2-point]...)
		c.out = append(c.out, d...)
	case n <= point:
		c.out = append(c.out, d...)
		c.out = append(c.out, "00000000000000000000"[:point-n]...)
	default:
		c.out = append(append(append(c.out, d[:point]...), '.'), d[point:]...)
	}
	return nil
}
