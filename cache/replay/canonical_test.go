package replay

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestCanonical(t *testing.T) {
	for in, want := range map[string]string{
		`{"b":1,"a":2}`:                           `{"a":2,"b":1}`,
		` { "b" : [ 1 , 2 ] , "a" : { } } `:       `{"a":{},"b":[1,2]}`,
		`{"b":{"d":1,"c":2},"a":[{"f":1,"e":2}]}`: `{"a":[{"e":2,"f":1}],"b":{"c":2,"d":1}}`,
		`{"aa":1,"a":2,"":3,"é":4,"z":5}`:         `{"":3,"a":2,"aa":1,"z":5,"é":4}`,
		`1`:                                       `1`, `1.0`: `1`, `1e0`: `1`, `10e-1`: `1`, `0.1E+1`: `1`, `"1"`: `"1"`, `[]`: `[]`, `true`: `true`, ` null `: `null`,
		`-0`: `0`, `-0.0e9`: `0`, `0e999999999999999999999`: `0`, `1e2`: `100`, `100`: `100`, `-1.50`: `-1.5`,
		`123456789012345678`: `123456789012345678`, `123456789012345679`: `123456789012345679`,
		`1e20`: `100000000000000000000`, `1e21`: `1e21`, `12e20`: `1.2e21`, `1e20000`: `!`, `1e-20000`: `!`, `1e9999`: `1e9999`, `1e10000`: `!`,
		`100000000000000000000000`: `1e23`, `0.000001`: `0.000001`, `1e-6`: `0.000001`, `0.0000001`: `1e-7`, `1.25e-7`: `1.25e-7`,
		`0.5`: `0.5`, `5e-1`: `0.5`, `0.30000000000000004`: `0.30000000000000004`, `123.4560`: `123.456`, `1e99999999999999999999`: `!`,
		`"A\/\u0041\u00e9\ud83d\ude00"`: `"A/Aé😀"`, `"\u0022\u005c\u0008\u0009\u000a\u000c\u000d\u000b\u0000\u001F"`: `"\"\\\b\t\n\f\r\u000b\u0000\u001f"`,
		"\"e\u0301\"": "\"e\u0301\"", "\"\u00e9\"": "\"\u00e9\"", "\"\u2028\ufffd\x7f\"": "\"\u2028\ufffd\x7f\"",

		``: `!`, ` `: `!`, `{`: `!`, `[1,]`: `!`, `[,]`: `!`, `[1 2]`: `!`, `{"a"}`: `!`, `{"a":}`: `!`, `{"a":1,}`: `!`, `{a:1}`: `!`, `{"a":1 "b":2}`: `!`,
		`{"a":1,"a":1}`: `!`, `{"b":1,"a":1,"\u0062":2}`: `!`, `1 2`: `!`, `{} x`: `!`, `tru`: `!`, `nul`: `!`, `True`: `!`, `NaN`: `!`,
		`01`: `!`, `-`: `!`, `1.`: `!`, `.5`: `!`, `1e`: `!`, `1e+`: `!`, `+1`: `!`, `0x1`: `!`, `--1`: `!`, `-01`: `!`,
		`"`: `!`, `"\`: `!`, `"\x"`: `!`, `"\u12"`: `!`, `"\u12g4"`: `!`, `"\ud800"`: `!`, `"\ude00\ud83d"`: `!`, `"\ud83d\u0041"`: `!`, "\"\n\"": `!`, "\"\xff\"": `!`, "\"\xed\xa0\x80\"": `!`, "\"\xc3": `!`, "\xef\xbb\xbf1": `!`, "\x00": `!`,
		strings.Repeat("[", 200) + strings.Repeat("]", 200): strings.Repeat("[", 200) + strings.Repeat("]", 200),
		strings.Repeat("[", 202) + strings.Repeat("]", 202): `!`, strings.Repeat("[", 1_000_000): `!`,
		strings.Repeat("1", 10_001): `!`, strings.Repeat("1", 10_000): "1." + strings.Repeat("1", 9_999) + "e9999",
	} {
		got, err := Canonical([]byte(in))
		name := in[:min(len(in), 40)]
		if want == "!" {
			require.Error(t, err, name)
			continue
		}
		require.NoError(t, err, name)
		require.Equal(t, want, string(got), name)
	}
}

// A short request must not become a long one.
func TestCanonicalStaysShort(t *testing.T) {
	in := "[" + strings.Repeat("1e9,", 1000) + strings.Repeat("1e20,", 1000) + strings.Repeat("1e9999,", 1000) + strings.Repeat("1e-6,", 1000) + "1]"
	got, err := Canonical([]byte(in))
	require.NoError(t, err)
	require.Less(t, len(got), 6*len(in))
}

// C1: two requests have one key exactly when they say the same. What says the
// same is judged by encoding/json and big.Rat, which share nothing with Canonical.
func TestC1KeysAreEqualExactlyWhenRequestsAre(t *testing.T) {
	equal, different := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		a := drawTree(t, 3)
		b := a
		if rapid.Bool().Draw(t, "change") {
			b = change(t, a)
		}
		style := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "style"), 1))
		x, y := render(style, nil, a), render(style, nil, b)
		cx, err := Canonical(x)
		if err != nil {
			t.Fatalf("%s: %v", x, err)
		}
		cy, err := Canonical(y)
		if err != nil {
			t.Fatalf("%s: %v", y, err)
		}
		same := sameJSON(t, x, y)
		if same {
			equal++
		} else {
			different++
		}
		if bytes.Equal(cx, cy) != same || (keyOf("turn", cx) == keyOf("turn", cy)) != same {
			t.Fatalf("say the same: %v\n%s\n%s\ncanonical\n%s\n%s", same, x, y, cx, cy)
		}
		if again, err := Canonical(cx); err != nil || !bytes.Equal(again, cx) || !sameJSON(t, x, cx) {
			t.Fatalf("%s\ncanonical %s\nagain     %s %v", x, cx, again, err)
		}
	})
	require.Greater(t, equal, (equal+different)/5, "of each enough to mean something")
	require.Greater(t, different, (equal+different)/5)
}

// decimal is a number before it is written: digits × 10^exp.
type decimal struct {
	minus  bool
	digits string
	exp    int
}

type pair struct {
	key   string
	value any
}

var words = []string{"", "a", "b", "1", "null", "\u00e9", "e\u0301", "\"", "\\", "/", "\n", "\x00", "\x1f", "\u2028", "😀", "a b", "-0", "\ufffd", "é\"😀\\"}

func drawLeaf(t *rapid.T) any {
	switch rapid.IntRange(0, 9).Draw(t, "leaf") {
	case 0:
		return nil
	case 1:
		return rapid.Bool().Draw(t, "bool")
	case 2, 3, 4:
		return rapid.SampledFrom(words).Draw(t, "word")
	case 5, 6:
		return decimal{rapid.Bool().Draw(t, "minus"), rapid.SampledFrom([]string{"0", "1", "10", "100", "15", "12345678901234567", "12345678901234568"}).Draw(t, "digits"), rapid.IntRange(-3, 3).Draw(t, "exp")}
	default:
		return decimal{rapid.Bool().Draw(t, "minus"), fmt.Sprint(rapid.Uint64().Draw(t, "n")), rapid.IntRange(-40, 40).Draw(t, "exp")}
	}
}

func drawTree(t *rapid.T, depth int) any {
	n := rapid.IntRange(0, 4).Draw(t, "n")
	switch kind := rapid.IntRange(0, 3).Draw(t, "kind"); {
	case depth == 0 || kind == 0:
		return drawLeaf(t)
	case kind == 1:
		list := make([]any, n)
		for i := range list {
			list[i] = drawTree(t, depth-1)
		}
		return list
	default:
		var object []pair
		for _, k := range rapid.SliceOfNDistinct(rapid.SampledFrom(words), n, n, rapid.ID[string]).Draw(t, "keys") {
			object = append(object, pair{k, drawTree(t, depth-1)})
		}
		return object
	}
}

// change replaces one part of a tree, now and then by the same.
func change(t *rapid.T, v any) any {
	if rapid.IntRange(0, 3).Draw(t, "here") == 0 {
		return drawLeaf(t)
	}
	switch v := v.(type) {
	case []any:
		if len(v) > 0 {
			out := append([]any{}, v...)
			i := rapid.IntRange(0, len(v)-1).Draw(t, "at")
			if j := rapid.IntRange(0, len(v)-1).Draw(t, "swap"); j != i {
				out[i], out[j] = out[j], out[i]
			} else {
				out[i] = change(t, v[i])
			}
			return out
		}
	case []pair:
		if len(v) > 0 {
			out := append([]pair{}, v...)
			i := rapid.IntRange(0, len(v)-1).Draw(t, "at")
			if rapid.IntRange(0, 3).Draw(t, "drop") == 0 {
				return append(out[:i], out[i+1:]...)
			}
			out[i].value = change(t, v[i].value)
			return out
		}
	case decimal: // a neighbour that a float64 may not tell apart
		if v.digits[len(v.digits)-1] == '1' {
			v.digits = v.digits[:len(v.digits)-1] + "2"
			return v
		}
	}
	return drawLeaf(t)
}

// render writes a tree in one of many ways.
func render(r *rand.Rand, out []byte, v any) []byte {
	space := func() { out = append(out, []string{"", "", "", " ", "\n\t", "\r\n "}[r.IntN(6)]...) }
	space()
	switch v := v.(type) {
	case nil:
		out = append(out, "null"...)
	case bool:
		out = fmt.Append(out, v)
	case string:
		out = renderText(r, out, v)
	case decimal:
		out = renderNumber(r, out, v)
	case []any:
		out = append(out, '[')
		for i, x := range v {
			if i > 0 {
				out = append(out, ',')
			}
			out = render(r, out, x)
		}
		out = append(out, ']')
	case []pair:
		out = append(out, '{')
		for i, k := range r.Perm(len(v)) {
			if i > 0 {
				out = append(out, ',')
			}
			space()
			out = renderText(r, out, v[k].key)
			space()
			out = render(r, append(out, ':'), v[k].value)
		}
		out = append(out, '}')
	}
	space()
	return out
}

func renderText(r *rand.Rand, out []byte, s string) []byte {
	out = append(out, '"')
	for _, c := range s {
		short := strings.IndexRune("\"\\/\b\f\n\r\t", c)
		switch way := r.IntN(4); {
		case short >= 0 && way < 2:
			out = append(out, '\\', `"\/bfnrt`[short])
		case way == 3 || c < ' ' || c == '"' || c == '\\':
			verb := []string{`\u%04x`, `\u%04X`}[r.IntN(2)]
			if c > 0xffff {
				c -= 0x10000
				out = fmt.Appendf(out, verb, 0xd800+c>>10)
				c = 0xdc00 + c&0x3ff
			}
			out = fmt.Appendf(out, verb, c)
		default:
			out = append(out, string(c)...)
		}
	}
	return append(out, '"')
}

func renderNumber(r *rand.Rand, out []byte, d decimal) []byte {
	digits, exp := d.digits, d.exp
	if d.minus {
		out = append(out, '-')
	}
	for n := r.IntN(4); n > 0; n-- { // 1 is 10e-1
		digits, exp = digits+"0", exp-1
	}
	if exp >= 0 && exp < 30 && r.IntN(2) == 0 {
		if digits != "0" {
			digits += strings.Repeat("0", exp)
		}
		exp = 0
	}
	if point := r.IntN(len(digits)+3) - 2; point < len(digits) { // 15 is 1.5e1, or 0.015e3
		fraction := strings.Repeat("0", max(0, -point)) + digits[max(0, point):]
		exp += len(digits) - point
		digits = strings.TrimLeft(digits[:max(0, point)], "0")
		if digits == "" {
			digits = "0"
		}
		digits += "." + fraction
	} else if digits = strings.TrimLeft(digits, "0"); digits == "" {
		digits = "0"
	}
	out = append(out, digits...)
	if exp != 0 || r.IntN(3) == 0 {
		sign := ""
		if exp >= 0 && r.IntN(2) == 0 {
			sign = "+"
		}
		out = fmt.Appendf(out, "%c%s%d", "eE"[r.IntN(2)], sign, exp)
	}
	return out
}

type failer interface{ Fatalf(string, ...any) }

// sameJSON is the judge.
func sameJSON(t failer, a, b []byte) bool {
	var trees [2]any
	for i, text := range [][]byte{a, b} {
		dec := json.NewDecoder(bytes.NewReader(text))
		dec.UseNumber()
		if err := dec.Decode(&trees[i]); err != nil {
			t.Fatalf("encoding/json does not read %q: %v", text, err)
		}
	}
	return sameTree(trees[0], trees[1])
}

func sameTree(a, b any) bool {
	switch a := a.(type) {
	case json.Number:
		b, ok := b.(json.Number)
		if !ok {
			return false
		}
		return rat(a).Cmp(rat(b)) == 0
	case []any:
		b, ok := b.([]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for i := range a {
			if !sameTree(a[i], b[i]) {
				return false
			}
		}
		return true
	case map[string]any:
		b, ok := b.(map[string]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for k := range a {
			if v, ok := b[k]; !ok || !sameTree(a[k], v) {
				return false
			}
		}
		return true
	default:
		return a == b
	}
}

// rat is exact. Where the exponent is out of all bounds the number must be a
// zero: Canonical let it pass.
func rat(n json.Number) *big.Rat {
	if mantissa, _, _ := strings.Cut(strings.ToLower(string(n)), "e"); strings.Trim(mantissa, "-0.") == "" {
		return new(big.Rat)
	}
	r, ok := new(big.Rat).SetString(string(n))
	if !ok {
		panic("no number: " + n)
	}
	return r
}

func FuzzCanonical(f *testing.F) {
	for _, s := range []string{`{"b":1.0,"a":[1e2,-0]}`, `{"a":[100,0],"b":1}`, `"\u00e9\ud83d\ude00"`, `"é😀"`, `[1,"1",true,null]`, `0.1e-5`, `{"a":{"a":{}}}`, `1e9999`, `[0e99999]`} {
		f.Add([]byte(s), []byte(s))
		f.Add([]byte(s), []byte(" "+s))
	}
	f.Fuzz(func(t *testing.T, a, b []byte) {
		ca, err := Canonical(a)
		if err != nil {
			return
		}
		again, err := Canonical(ca)
		require.NoError(t, err)
		require.Equal(t, string(ca), string(again))
		require.True(t, json.Valid(a), "%q", a)
		require.True(t, sameJSON(t, a, ca), "%q %q", a, ca)
		if cb, err := Canonical(b); err == nil {
			require.Equal(t, sameJSON(t, a, b), bytes.Equal(ca, cb), "%q %q", a, b)
		}
	})
}
