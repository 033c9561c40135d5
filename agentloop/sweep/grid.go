package sweep

import (
	"fmt"
	"slices"
	"strings"

	"pitwall"
)

// Point is one run of a sweep.
type Point struct {
	Name   string   // its values: days=20 model=openai/gpt-5-mini sample=1
	Params []string // name=value, as pitwall backtest --param takes them
	Model  string   // "" = the strategy's
	Sample int
}

// Most is how many runs a sweep may have.
const Most = 10_000

// Grid returns every combination of values: of each param, written NAME=FROM:TO:STEP or
// NAME=A,B,C, of models and of samples (0 and 1 are one run). What is empty is left as the
// strategy has it.
func Grid(params, models []string, samples int) ([]Point, error) {
	points, seen := []Point{{}}, []string{}
	for _, text := range params {
		name, values, ok := strings.Cut(text, "=")
		if !ok || name == "" || values == "" {
			return nil, pitwall.Errorf(pitwall.InvalidInput, "param %q", text).Hintf("write name=from:to:step or name=a,b,c, for example days=20:200:20")
		}
		if slices.Contains(seen, name) {
			return nil, pitwall.Errorf(pitwall.InvalidInput, "param %s is given twice", name).Hintf("give all of its values at once: %s=20,50,100", name)
		}
		seen = append(seen, name)
		list, err := valuesOf(name, values)
		if err != nil {
			return nil, err
		}
		points, err = times(points, len(list), func(p *Point, i int) {
			p.add(name + "=" + list[i])
			p.Params = append(slices.Clone(p.Params), name+"="+list[i])
		})
		if err != nil {
			return nil, err
		}
	}
	var err error
	if len(models) > 0 {
		if points, err = times(points, len(models), func(p *Point, i int) { p.add("model=" + models[i]); p.Model = models[i] }); err != nil {
			return nil, err
		}
	}
	if samples < 0 {
		return nil, pitwall.Errorf(pitwall.InvalidInput, "samples is %d", samples).Hintf("use 1 or more")
	}
	if samples > 1 {
		if points, err = times(points, samples, func(p *Point, i int) { p.add(fmt.Sprintf("sample=%d", i)); p.Sample = i }); err != nil {
			return nil, err
		}
	}
	if len(points) == 1 {
		return nil, pitwall.Errorf(pitwall.InvalidInput, "a sweep of one run").Hintf("vary something: --param days=20:200:20, --model a,b or --samples 5; pitwall backtest makes one run")
	}
	names := map[string]bool{}
	for _, p := range points {
		if names[p.Name] {
			return nil, pitwall.Errorf(pitwall.InvalidInput, "two runs have the same values: %s", p.Name).Hintf("name each value once")
		}
		names[p.Name] = true
	}
	return points, nil
}

// add adds a value to the point's name.
func (p *Point) add(value string) { p.Name = strings.TrimSpace(p.Name + " " + value) }

// times returns each point with each of n values.
func times(points []Point, n int, set func(p *Point, i int)) (list []Point, err error) {
	if len(points)*n > Most {
		return nil, pitwall.Errorf(pitwall.InvalidInput, "a sweep of %d runs and more", len(points)*n).Hintf("use at most %d: fewer values, or a larger step", Most)
	}
	for _, p := range points {
		for i := range n {
			x := p
			set(&x, i)
			list = append(list, x)
		}
	}
	return list, nil
}

// valuesOf returns the values of from:to:step, both ends included, or of a list.
func valuesOf(name, text string) (list []string, err error) {
	parts := strings.Split(text, ":")
	if len(parts) == 1 {
		for x := range strings.SplitSeq(text, ",") {
			if x = strings.TrimSpace(x); x == "" {
				return nil, pitwall.Errorf(pitwall.InvalidInput, "param %s has an empty value in %q", name, text)
			}
			list = append(list, x)
		}
		return list, nil
	}
	bad := pitwall.Errorf(pitwall.InvalidInput, "param %s is %q", name, text).Hintf("write from:to:step with a step that leads from the first to the last, for example 20:200:20")
	if len(parts) != 3 {
		return nil, bad
	}
	var n [3]pitwall.Dec
	for i, p := range parts {
		if n[i], err = pitwall.ParseDec(strings.TrimSpace(p)); err != nil {
			return nil, bad
		}
	}
	from, to, step := n[0], n[1], n[2]
	if step == 0 || (step > 0) != (to >= from) && from != to {
		return nil, bad
	}
	for x := from; step > 0 && x <= to || step < 0 && x >= to; x += step {
		if list = append(list, x.String()); len(list) > Most {
			return nil, pitwall.Errorf(pitwall.InvalidInput, "param %s has more than %d values", name, Most).Hintf("use a larger step")
		}
	}
	return list, nil
}
